package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

const witnessFile = "andon.newest"

// A witness remembers how many facts there must be. The server cuts a damaged
// file at the damage and says nothing, which would forget facts that had been
// acknowledged and let their keys be used again.
//
// Its file is written after a fact is on disk and is not synced: after a
// power loss it may remember too few facts, never too many.
type witness struct {
	mu     sync.Mutex
	file   *os.File // nil in a cluster, where it remembers for this process only
	newest uint64   // number of the newest fact
	gone   uint64   // facts whose loss was accepted
}

const witnessForm = "%020d %020d\n"

// openWitness reads what was remembered of dir; known is false if nothing was.
func openWitness(dir string) (w *witness, known bool, err error) {
	name := filepath.Join(dir, witnessFile)
	w = &witness{}
	b, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, false, err
	}
	if _, err := fmt.Sscanf(string(b), witnessForm, &w.newest, &w.gone); err == nil {
		known = true
	} else if w.newest, w.gone = 0, 0; len(b) > 0 {
		return nil, false, fmt.Errorf("%w: %s cannot be read; %s", ErrDamaged, name, acceptHint)
	}
	w.file, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o640)
	return w, known, err
}

const acceptHint = "restore the folder from a backup, or remove " + witnessFile + " from it to continue with the remaining facts"

// record remembers that fact number seq is kept.
func (w *witness) record(seq uint64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if seq <= w.newest {
		return nil
	}
	w.newest = seq
	return w.write()
}

// accept remembers that no more facts are there, and that this is so.
func (w *witness) accept(newest, gone uint64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.newest, w.gone = newest, gone
	return w.write()
}

func (w *witness) write() error {
	if w.file == nil {
		return nil
	}
	_, err := w.file.WriteAt(fmt.Appendf(nil, witnessForm, w.newest, w.gone), 0)
	return err
}

func (w *witness) read() (newest, gone uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.newest, w.gone
}

func (w *witness) close() error {
	if w.file == nil {
		return nil
	}
	return errors.Join(w.file.Sync(), w.file.Close())
}
