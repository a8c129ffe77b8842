package backtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/source"
)

const (
	defaultPoints = 720        // steps of a query: half a day of minutes
	minPoints     = 10         // shorter queries are not split
	maxSamples    = 16_000_000 // samples that are kept, about 256 MB
	maxTries      = 2          // attempts at a query
)

// An archive answers range queries from blocks that it queries once. Without it, a
// thousand ticks would send a thousand queries of one step each. The answer to a
// PromQL query at a step does not depend on the rest of the range, so that a part of
// a block is the answer for that part. A query with start() or end() is the
// exception and is sent as it is.
//
// It is safe for concurrent use.
type archive struct {
	ask   andon.RangeFunc
	until time.Time
	width int64         // steps of a block
	turns chan struct{} // held by each query under way

	mu     sync.Mutex
	blocks map[blockKey]*block
	clock  int64 // number of uses of blocks
	held   int   // samples in blocks
	count  int   // queries sent
	silent int   // latest queries in a row without any answer
	broken error // why no more queries are sent
}

type blockKey struct {
	expr string
	step time.Duration
	n    int64
}

type block struct {
	turn sync.Mutex // held while it is queried
	done bool
	m    model.Matrix
	err  error

	used, size int64 // guarded by the archive's mutex
}

func newArchive(o Options) *archive {
	width := o.MaxPoints
	if width == 0 {
		width = defaultPoints
	}
	return &archive{
		ask: o.Ask, until: o.Until, width: int64(width), turns: make(chan struct{}, max(1, o.AtOnce)),
		blocks: map[blockKey]*block{},
	}
}

// Range is an andon.RangeFunc.
func (a *archive) Range(ctx context.Context, expr string, r andon.Range) (model.Matrix, error) {
	step := int64(r.Step)
	if r.End.After(a.until) {
		return nil, fmt.Errorf("query %s: it goes to %s, beyond the end of the history at %s", expr, stamp(r.End), stamp(a.until))
	}
	if r.End.Before(r.Start) {
		return nil, nil
	}
	if r.Start.UnixNano()%step != 0 || boundToRange(expr) {
		return a.fetch(ctx, expr, r)
	}
	var parts []model.Matrix
	for n := r.Start.UnixNano() / step / a.width; n <= r.End.UnixNano()/step/a.width; n++ {
		m, err := a.block(ctx, blockKey{expr, r.Step, n})
		if err != nil {
			return nil, err
		}
		parts = append(parts, cut(m, model.TimeFromUnixNano(r.Start.UnixNano()), model.TimeFromUnixNano(r.End.UnixNano())))
	}
	return join(parts), nil
}

// boundToRange reports whether the answer at a step depends on where the range
// begins or ends.
func boundToRange(expr string) bool {
	tree, err := promQL.ParseExpr(expr)
	if err != nil {
		return true
	}
	bound := false
	parser.Inspect(tree, func(n parser.Node, _ []parser.Node) error {
		switch n := n.(type) {
		case *parser.VectorSelector:
			bound = bound || n.StartOrEnd != 0
		case *parser.SubqueryExpr:
			bound = bound || n.StartOrEnd != 0
		}
		return nil
	})
	return bound
}

var promQL = parser.NewParser(parser.Options{})

// block returns a block, and queries it first if necessary.
func (a *archive) block(ctx context.Context, k blockKey) (model.Matrix, error) {
	a.mu.Lock()
	b := a.blocks[k]
	if b == nil {
		b = &block{}
		a.blocks[k] = b
	}
	a.clock++
	b.used = a.clock
	a.mu.Unlock()

	b.turn.Lock()
	defer b.turn.Unlock()
	if b.done {
		return b.m, b.err
	}
	at := func(bin int64) time.Time { return time.Unix(0, bin*int64(k.step)).UTC() }
	first := k.n * a.width
	last := min(first+a.width-1, a.until.UnixNano()/int64(k.step))
	for range maxTries {
		b.m, b.err = a.fetch(ctx, k.expr, andon.Range{Start: at(first), End: at(last), Step: k.step})
		if b.err == nil || ctx.Err() != nil || hopeless(b.err) {
			break
		}
	}
	b.done = ctx.Err() == nil
	a.keep(b)
	return b.m, b.err
}

// hopeless reports whether another attempt would give the same error.
func hopeless(err error) bool {
	var e *source.Error
	return errors.As(err, &e) && (e.Kind == source.BadQuery || e.Kind == source.TooLarge || e.Kind == source.Timeout || e.Kind == source.Denied)
}

// keep counts the samples of a block, and drops the least recently used blocks while
// there are too many.
func (a *archive) keep(b *block) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range b.m {
		b.size += int64(len(s.Values))
	}
	a.held += int(b.size)
	for a.held > maxSamples {
		var oldest blockKey
		found := false
		for k, o := range a.blocks {
			if o != b && o.size > 0 && (!found || o.used < a.blocks[oldest].used) {
				oldest, found = k, true
			}
		}
		if !found {
			return
		}
		a.held -= int(a.blocks[oldest].size)
		delete(a.blocks, oldest)
	}
}

// fetch sends a query. If it is too much for the source, it sends its two halves.
func (a *archive) fetch(ctx context.Context, expr string, r andon.Range) (model.Matrix, error) {
	if err := a.failure(); err != nil {
		return nil, err
	}
	select {
	case a.turns <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	m, err := a.ask(ctx, expr, r)
	<-a.turns
	a.record(err)
	var e *source.Error
	points := int64(r.End.Sub(r.Start)/r.Step) + 1
	if !errors.As(err, &e) || e.Kind != source.TooLarge && e.Kind != source.Timeout || boundToRange(expr) {
		return m, err
	}
	if points < 2*minPoints {
		if e.Kind == source.Timeout {
			a.giveUp(err) // longer queries will not be answered either
		}
		return nil, err
	}
	half := r.Start.Add(time.Duration(points/2) * r.Step)
	before, err := a.fetch(ctx, expr, andon.Range{Start: r.Start, End: half.Add(-r.Step), Step: r.Step})
	if err != nil {
		return nil, err
	}
	after, err := a.fetch(ctx, expr, andon.Range{Start: half, End: r.End, Step: r.Step})
	if err != nil {
		return nil, err
	}
	return join([]model.Matrix{before, after}), nil
}

// record counts a query, and gives up if the source does not answer at all.
func (a *archive) record(err error) {
	a.mu.Lock()
	a.count++
	var e *source.Error
	silent := errors.As(err, &e) && (e.Kind == source.Unreachable || e.Kind == source.NotSource)
	if silent {
		a.silent++
	} else {
		a.silent = 0
	}
	enough := a.silent >= maxTries || e != nil && e.Kind == source.Denied
	a.mu.Unlock()
	if enough {
		a.giveUp(err)
	}
}

func (a *archive) giveUp(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.broken == nil {
		a.broken = err
	}
}

// failure returns why no more queries are sent; nil if they are.
func (a *archive) failure() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.broken
}

// queries returns the number of queries sent.
func (a *archive) queries() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.count
}

// cut returns the samples of m from start to end, both included, without
// series that have none. It shares the samples with m.
func cut(m model.Matrix, start, end model.Time) model.Matrix {
	var out model.Matrix
	for _, s := range m {
		at := func(t model.Time) int {
			i, _ := slices.BinarySearchFunc(s.Values, t, func(p model.SamplePair, t model.Time) int { return int(p.Timestamp - t) })
			return i
		}
		if lo, hi := at(start), at(end+1); lo < hi {
			out = append(out, &model.SampleStream{Metric: s.Metric, Values: s.Values[lo:hi:hi]})
		}
	}
	return out
}

// join returns the series of consecutive parts of a range as one.
func join(parts []model.Matrix) model.Matrix {
	if len(parts) == 1 {
		return parts[0]
	}
	var out model.Matrix
	known := map[string]int{}
	for _, m := range parts {
		for _, s := range m {
			name := s.Metric.String()
			i, ok := known[name]
			if !ok {
				known[name] = len(out)
				out = append(out, &model.SampleStream{Metric: s.Metric, Values: slices.Clip(s.Values)})
				continue
			}
			out[i].Values = append(out[i].Values, s.Values...)
		}
	}
	return out
}
