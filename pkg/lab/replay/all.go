package replay

import (
	"context"
	"runtime"
	"sync"
)

// A Result is the result of replaying one case, or the error of it.
type Result struct {
	Dir      string
	Case     *Case // nil if it could not be loaded
	Outcomes []Outcome
	Err      error
}

// All replays the cases in the folders dirs, as many at a time as there are
// processors, and calls each with the results in the order of dirs. It stops at the
// first error: of a case, which is in its Result too, of each, or of ctx.
func All(ctx context.Context, dirs []string, o Options, each func(Result) error) error {
	var running sync.WaitGroup
	defer running.Wait() // for temporary folders to be removed
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make([]chan Result, len(dirs))
	// A case holds a slot until its result is taken, so that results do not pile up
	// behind a slow case.
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
	return Result{Dir: dir, Case: c, Outcomes: j, Err: err}
}

// An InputError is an error in a case itself, not in replaying it.
type InputError struct{ Err error }

func (e *InputError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *InputError) Unwrap() error { return e.Err }
