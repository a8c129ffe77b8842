package exporter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/andon-project/andon/pkg/ledger"
)

// A folder makes its state from facts. Fold adds one fact, and ignores kinds that
// it does not know.
type folder interface {
	Fold(f ledger.Fact) error
}

// facts keep what happened and pass it to the folders: at start all facts kept
// before, and then every new fact.
type facts struct {
	ledger  *ledger.Ledger
	folders []folder
	log     hclog.Logger
}

// replay passes all facts kept so far to folders, oldest first. It logs and
// ignores one that cannot be read.
func (s *facts) replay(ctx context.Context, folders ...folder) error {
	n := 0
	for f, err := range s.ledger.All(ctx) {
		if err != nil {
			return fmt.Errorf("reading the facts: %w", err)
		}
		if err := foldAll(folders, f); err != nil {
			s.log.Error("fact cannot be read and is ignored", "key", f.Key, "kind", f.Kind, "error", err)
		}
		n++
	}
	s.log.Info("facts loaded", "facts", n)
	return nil
}

// keep keeps a fact and, if it is new, passes it to all folders; first reports
// whether it is new.
func (s *facts) keep(ctx context.Context, f ledger.Fact) (first bool, err error) {
	first, err = s.ledger.Append(ctx, f)
	if err == nil && first {
		err = foldAll(s.folders, f)
	}
	return first, err
}

func foldAll(folders []folder, f ledger.Fact) error {
	var all error
	for _, to := range folders {
		all = errors.Join(all, to.Fold(f))
	}
	return all
}

// newFact returns a fact that holds data in JSON.
func newFact(kind, key string, at time.Time, data any) (ledger.Fact, error) {
	b, err := json.Marshal(data)
	return ledger.Fact{Key: key, Kind: kind, At: at, Data: b}, err
}
