package ledger

import (
	"fmt"
	"sync"

	"github.com/hashicorp/go-hclog"
)

// A serverLog passes on the log of the embedded server, and remembers its last
// complaint for the error that ends an Open.
type serverLog struct {
	log hclog.Logger

	mu      sync.Mutex
	warning string
	fatal   bool
}

// failed reports whether the server logged a fatal error.
func (l *serverLog) failed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fatal
}

// last returns the last warning, "" if there was none.
func (l *serverLog) last() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.warning
}

func (l *serverLog) complain(say func(string, ...any), format string, v []any) {
	text := fmt.Sprintf(format, v...)
	l.mu.Lock()
	l.warning = text
	l.mu.Unlock()
	say("warning from the ledger's NATS server", "text", text)
}

// Noticef is for those who look into the server, not for operators.
func (l *serverLog) Noticef(format string, v ...any) {
	l.log.Debug("notice from the ledger's NATS server", "text", fmt.Sprintf(format, v...))
}

// Warnf passes on a warning.
func (l *serverLog) Warnf(format string, v ...any) { l.complain(l.log.Warn, format, v) }

// Errorf passes on an error.
func (l *serverLog) Errorf(format string, v ...any) { l.complain(l.log.Error, format, v) }

// Fatalf passes on an error; it does not end the process.
func (l *serverLog) Fatalf(format string, v ...any) {
	l.complain(l.log.Error, format, v)
	l.mu.Lock()
	l.fatal = true
	l.mu.Unlock()
}

// Debugf does nothing: debug logging is off.
func (l *serverLog) Debugf(string, ...any) {}

// Tracef does nothing: tracing is off.
func (l *serverLog) Tracef(string, ...any) {}
