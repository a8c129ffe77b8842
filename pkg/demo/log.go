package demo

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// requestsPerLine is how many successful requests are logged together in one line.
const requestsPerLine = 10

// A collector splits the log of one node into lines, as collectors of container logs
// do.
type collector struct {
	labels map[string]string
	add    func(...andon.Line)
}

// Write implements io.Writer.
func (c collector) Write(text []byte) (int, error) {
	now := time.Now()
	for line := range strings.Lines(string(text)) {
		c.add(andon.Line{At: now, Labels: c.labels, Text: strings.TrimRight(line, "\n")})
	}
	return len(text), nil
}

// output returns where a node writes its log, and the logger that writes there.
func (s *Shop) output(n *node) (io.Writer, *slog.Logger) {
	var to []io.Writer
	if s.config.Logs != nil {
		to = append(to, s.config.Logs)
	}
	if s.config.Lines != nil {
		to = append(to, collector{map[string]string{"service": n.service, "pod": n.name, "version": n.version}, s.config.Lines})
	}
	if len(to) == 0 {
		return io.Discard, slog.New(slog.DiscardHandler)
	}
	w := io.MultiWriter(to...)
	return w, slog.New(slog.NewJSONHandler(w, nil)).With("service", n.service, "pod", n.name, "version", n.version)
}

// stack returns the stack trace that the Go runtime would write at a crash: of a
// closed connection in any version, of adding up a cart in one with the fault.
func (n *node) stack() string {
	goroutine, address := 20+n.restarts.Load()*7, 0xc000120000+n.restarts.Load()*0x1480
	if n.fault == Crash {
		return fmt.Sprintf(`panic: runtime error: index out of range [3] with length 3

goroutine %d [running]:
main.(*Cart).Total(0x%x)
	/src/%s/cart.go:88 +0x1a5
main.(*Server).order(0x%x, {0x7f2c48, 0x%x})
	/src/%s/server.go:141 +0x2f0
net/http.HandlerFunc.ServeHTTP(...)
	/usr/local/go/src/net/http/server.go:2294
created by net/http.(*Server).Serve in goroutine 1
	/usr/local/go/src/net/http/server.go:3493 +0x485
exit status 2
`, goroutine, address, n.service, address+0x40, address+0x80, n.service)
	}
	return fmt.Sprintf(`panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x18 pc=0x6b2f0e]

goroutine %d [running]:
main.(*Pool).release(0x%x, 0x0)
	/src/%s/pool.go:57 +0x2e
main.(*Server).order(0x%x, {0x7f2c48, 0x%x})
	/src/%s/server.go:163 +0x31c
created by net/http.(*Server).Serve in goroutine 1
	/usr/local/go/src/net/http/server.go:3493 +0x485
exit status 2
`, goroutine, address, n.service, address+0x40, address+0x80, n.service)
}

// refusal returns the message that a node logs when it answers with an error: one of
// its own for the version with the fault.
func (n *node) refusal() string {
	if n.fault == Errors {
		return "cannot convert the price of the order: unknown currency"
	}
	return "price list is out of date"
}
