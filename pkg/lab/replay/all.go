package replay

import (
	"context"
	"runtime"
	"sync"
)

// A Result is one case replayed, or why it was not.
type Result struct {
	Dir    string
	Case   *Case // nil if it could not be loaded
	Judged []Judged
	Err    error
}

// All replays the cases in folders dirs, as many at a time as there are
// processors, and calls each with every result in the order of dirs. It stops
// at the first error: of a case, which is also in its Result, of each, or of ctx.
func All(ctx context.Context, dirs []string, o Options, each func(Result) error) error {
	var running sync.WaitGroup
	defer running.Wait() // for temporary folders to be removed
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make([]chan Result, len(dirs))
	// A slot is held until the result is taken, so that a slow case does not
	// let the results of later ones pile up.
	slots := make(chan struct{}, 4*runtime.GOMAXPROCS(0))
	work := make(chan int)
	for i := range results {
		results[i] = make(chan Result, 1)
	}
	for range min(runtime.GOMAXPROCS(0), len(dirs)) {
		running.Go(func() {
			for i := range work {
				results[i] <- one(ctx, dirs[i], o)
			}
		})
	}
	running.Go(func() {
		defer close(work)
		for i := range dirs {
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				return
			}
			work <- i
		}
	})
	for i := range dirs {
		var r Result
		select {
		case r = <-results[i]:
		case <-ctx.Done():
			return ctx.Err()
		}
		<-slots
		if err := each(r); err != nil {
			return err
		}
		if r.Err != nil {
			return r.Err
		}
	}
	return nil
}

func one(ctx context.Context, dir string, o Options) Result {
	c, err := LoadCase(dir)
	if err != nil {
		return Result{Dir: dir, Err: &InputError{err}}
	}
	j, err := Replay(ctx, c, o)
	return Result{Dir: dir, Case: c, Judged: j, Err: err}
}

// An InputError says that a case is wrong, rather than its replay.
type InputError struct{ Err error }

func (e *InputError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *InputError) Unwrap() error { return e.Err }
