// Package ledger keeps facts: what happened and is never changed. All state is
// a fold over facts.
//
// Facts live in a NATS JetStream stream: of a server embedded in this process,
// which opens no socket and syncs every write, or of a NATS cluster. The
// package knows nothing of what facts mean.
package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// MaxFact is the largest fact that is kept, in bytes of its JSON form.
const MaxFact = 512 << 10

// Errors for callers to distinguish. Errors of this package wrap them.
var (
	// ErrUnknown says that the answer to an Append got lost: the fact may have
	// been kept or not. Appending it again is safe, and Get returns the fact that stands.
	ErrUnknown = errors.New("unknown whether the fact was stored")

	// ErrInvalid says that the fact can never be kept as it is.
	ErrInvalid = errors.New("invalid fact")

	// ErrLocked says that another process has the folder open.
	ErrLocked = errors.New("the folder is in use by another process")

	// ErrDamaged says that facts which had been kept are missing or unreadable.
	ErrDamaged = errors.New("the ledger is damaged")

	// ErrClosed says that the Ledger was closed.
	ErrClosed = errors.New("the ledger is closed")
)

// A Fact is something that happened.
type Fact struct {
	Key  string          `json:"key"`  // names it: a second fact of the same key is not kept
	Kind string          `json:"kind"` // what happened: see the constants of those who write it
	At   time.Time       `json:"at"`
	Data json.RawMessage `json:"data"`
}

// A Ledger is the append-only log of facts. It is safe for concurrent use.
type Ledger struct {
	where   string // for people: the folder or the URL, without secrets
	log     hclog.Logger
	nc      *nats.Conn
	js      jetstream.JetStream
	facts   jetstream.Stream
	server  *embeddedServer // nil if the stream lives in a cluster
	witness *witness

	tryFor time.Duration // tryTimeout, less in tests

	closing context.Context // done once Close was called
	close   context.CancelFunc
	once    sync.Once
	err     error // of closing
}

// Config says where facts are kept. Exactly one of Dir and URL is used.
type Config struct {
	Dir string // folder of the embedded server, made if missing; used if URL is empty
	URL string // a NATS cluster: its URLs, comma-separated; user and password may be part of them

	// Replicas is on how many servers of a cluster each fact is kept; if zero,
	// 3 where the servers are clustered and 1 where not. It is used when the
	// stream is made; an existing stream keeps its own.
	Replicas int
}

// Open opens or creates a ledger. It fails with ErrLocked if another process
// has the folder open, and with ErrDamaged if the folder held facts that
// are not there any more: it reads them all to see that. A nil log discards.
func Open(ctx context.Context, c Config, log hclog.Logger) (*Ledger, error) {
	if log == nil {
		log = hclog.NewNullLogger()
	}
	l := &Ledger{log: log, witness: &witness{}, tryFor: tryTimeout}
	l.closing, l.close = context.WithCancel(context.Background())
	err := l.connect(c)
	if err == nil {
		err = l.open(ctx, c)
	}
	if err != nil {
		err = fmt.Errorf("opening the ledger in %s: %w", l.where, err)
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (l *Ledger) connect(c Config) (err error) {
	switch {
	case c.URL != "":
		l.where = redact(c.URL)
		l.nc, err = dial(c.URL, l.log)
	case c.Dir != "":
		l.where = c.Dir
		if l.server, err = embed(c.Dir, l.log); err == nil {
			l.nc, err = l.server.dial()
		}
	default:
		l.where = "no place"
		return errors.New("neither a folder nor a NATS URL is set; set one of them")
	}
	if err != nil {
		return err
	}
	l.js, err = jetstream.New(l.nc)
	return err
}

// open finds or makes the stream, and sees that all that was kept is there.
func (l *Ledger) open(ctx context.Context, c Config) (err error) {
	if l.facts, err = l.stream(ctx, c); err != nil {
		return err
	}
	if l.server == nil {
		state := l.facts.CachedInfo().State
		return l.begin(state.LastSeq, state.Msgs)
	}
	if err := l.server.settle(); err != nil {
		return err
	}
	w, known, err := openWitness(c.Dir)
	if err != nil {
		return err
	}
	l.witness = w
	if !known {
		w.gone = forever // nobody knows of any that should be there
	}
	var kept uint64
	for _, err := range l.All(ctx) {
		if err != nil {
			return err
		}
		kept++
	}
	if known {
		return nil
	}
	info, err := l.facts.Info(ctx)
	if err != nil {
		return err
	}
	return l.begin(info.State.LastSeq, kept)
}

// begin takes the facts that are there for all that will ever be missed.
func (l *Ledger) begin(newest, kept uint64) error {
	gone := newest - min(kept, newest)
	if gone > 0 {
		l.log.Warn("facts are missing from the ledger; Andon continues without them", "where", l.where, "missing", gone, "left", kept)
	}
	return l.witness.accept(newest, gone)
}

// Close flushes and closes the ledger. Closing it again does nothing.
func (l *Ledger) Close() error {
	l.once.Do(func() {
		l.close()
		if l.nc != nil {
			l.nc.Close()
		}
		l.err = l.witness.close()
		if l.server != nil {
			l.err = errors.Join(l.err, l.server.stop())
		}
	})
	return l.err
}
