// Package ledger keeps facts: what happened and is never changed. All state is
// a fold over facts.
package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"time"

	"github.com/hashicorp/go-hclog"
)

// A Fact is something that happened.
type Fact struct {
	Key  string          `json:"key"`  // names it: a second fact of the same key is not kept
	Kind string          `json:"kind"` // what happened: see the constants of those who write it
	At   time.Time       `json:"at"`
	Data json.RawMessage `json:"data"`
}

// A Ledger is the append-only log of facts.
type Ledger struct{}

// Config says where facts are kept.
type Config struct {
	Dir string // folder of the embedded server; used if URL is empty
	URL string // a NATS cluster
}

// Open opens or creates a ledger.
func Open(ctx context.Context, c Config, log hclog.Logger) (*Ledger, error) {
	return nil, errors.New("not yet")
}

// Append keeps a fact. When it returns without an error the fact survives
// kill -9 and power loss; first is false if a fact with this key had been kept
// before, which then stands.
func (l *Ledger) Append(ctx context.Context, f Fact) (first bool, err error) {
	return false, errors.New("not yet")
}

// All yields the facts kept so far, oldest first.
func (l *Ledger) All(ctx context.Context) iter.Seq2[Fact, error] { return nil }

// Close flushes and closes the ledger.
func (l *Ledger) Close() error { return nil }
