package deviation

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/prometheus/common/model"
	"golang.org/x/sync/errgroup"

	"github.com/andon-project/andon/pkg/andon"
)

// MaxPoints is how many steps are asked for at once; Prometheus refuses more
// than 11,000.
const MaxPoints = 10_000

// A GridSpan is a span of bins.
type GridSpan struct {
	Step        time.Duration
	First, Last int64
}

// Width returns the number of bins.
func (g GridSpan) Width() int { return int(g.Last - g.First + 1) }

// Time returns the time of a bin.
func (g GridSpan) Time(bin int64) time.Time { return BinTime(bin, g.Step) }

// Index returns the place of a timestamp's bin in the span.
func (g GridSpan) Index(t model.Time) int {
	return int(floorDiv(int64(t)*int64(time.Millisecond), int64(g.Step)) - g.First)
}

// BinTime returns the time of the bin with a number.
func BinTime(bin int64, step time.Duration) time.Time {
	return time.Unix(0, bin*int64(step)).UTC()
}

// BinAt returns the last bin at or before t.
func BinAt(t time.Time, step time.Duration) int64 {
	return floorDiv(t.UnixNano(), int64(step))
}

// BinFrom returns the first bin at or after t.
func BinFrom(t time.Time, step time.Duration) int64 {
	return -floorDiv(-t.UnixNano(), int64(step))
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && a < 0 {
		q--
	}
	return q
}

// Later returns the later of two times.
func Later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// A side is what is asked for one cohort of one signal.
type side struct {
	Metric, per string // resolved
	node        string
	places      []string // labels that say where a node is
	back        time.Duration
	counts      bool // the signal is of events, of whatever exposure
	counter     bool // of which the metric is a bare counter
	steps       bool // what counts is how far consecutive samples lie apart
}

// A Source answers questions for samples.
type Source struct {
	Ask     andon.RangeFunc
	Resolve andon.ResolveFunc // writes a selector's matchers into PromQL; nil if nobody can
}

// newSide writes the cohort's selector into the signal's expressions.
func (a Source) newSide(c andon.Comparison, co andon.Cohort) (side, error) {
	s := side{Metric: c.Signal.Metric, per: c.Signal.Per, node: c.Node, places: c.Places, back: co.Back, counter: c.Signal.IsCounter()}
	kind := c.Signal.InferKind()
	s.counts = kind == andon.Counts || kind == andon.Crashes
	s.steps = kind == andon.Jitter
	if len(co.Select) == 0 {
		return s, nil
	}
	if a.Resolve == nil {
		return s, fmt.Errorf("signal %s: nodes are selected by labels, and labels cannot be written into queries here", c.Signal.Name)
	}
	for _, e := range []*string{&s.Metric, &s.per} {
		if *e == "" {
			continue
		}
		resolved, err := a.Resolve(*e, co.Select)
		if err != nil {
			return s, fmt.Errorf("signal %s: %s: cannot write the matchers %s into it: %w", c.Signal.Name, *e, co.Select, err)
		}
		*e = resolved
	}
	return s, nil
}

// fetchBoth asks for both sides at the same time; for the candidate alone if
// time divides them.
func (a Source) fetchBoth(ctx context.Context, m *Scale, span GridSpan) (cand, ctrl *Frame, err error) {
	ctrl = &Frame{First: span.First, Width: span.Width(), Rows: map[string]*Row{}}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		if cand, err = a.Fetch(ctx, m.Candidate, span); err != nil {
			return fmt.Errorf("signal %s, candidate: %w", m.Spec.Signal.Name, err)
		}
		return nil
	})
	if !m.Timed {
		g.Go(func() (err error) {
			if ctrl, err = a.Fetch(ctx, m.Control, span); err != nil {
				return fmt.Errorf("signal %s, control: %w", m.Spec.Signal.Name, err)
			}
			return nil
		})
	}
	err = g.Wait()
	return cand, ctrl, err
}

// Fetch asks for the samples of a side over g.
func (a Source) Fetch(ctx context.Context, s side, g GridSpan) (*Frame, error) {
	whole := g
	if s.counter || s.steps {
		whole.First -= bornAfter
	}
	f, err := a.fetchOne(ctx, s, s.Metric, whole)
	if err != nil {
		return nil, err
	}
	if s.counter {
		f.increases(g.Step.Seconds())
		f = f.Slice(g)
	}
	if s.steps {
		f.steps()
		f = f.Slice(g)
	}
	if s.per == "" && s.counts {
		return over(f, f.ones(), g.Step.Seconds()), nil
	}
	if s.per == "" {
		return f, nil
	}
	per, err := a.fetchOne(ctx, s, s.per, g)
	if err != nil {
		return nil, err
	}
	return over(f, per, g.Step.Seconds()), nil
}

func (a Source) fetchOne(ctx context.Context, s side, expr string, g GridSpan) (*Frame, error) {
	out := &Frame{First: g.First, Rows: map[string]*Row{}}
	for lo := g.First; lo <= g.Last; lo += MaxPoints {
		part := GridSpan{g.Step, lo, min(g.Last, lo+MaxPoints-1)}
		r := andon.Range{Start: part.Time(part.First).Add(-s.back), End: part.Time(part.Last).Add(-s.back), Step: g.Step}
		m, err := a.Ask(ctx, expr, r)
		if err != nil {
			return nil, err
		}
		if s.back != 0 {
			m = shifted(m, s.back)
		}
		out.Extend(newFrame(m, s, part))
	}
	return out, nil
}

// steps turns each value into how far it lies from the one before it, if that is
// at most bornAfter bins old; else there is none.
func (f *Frame) steps() {
	for _, r := range f.Rows {
		values, last := r.Values, -1
		r.Values = make([]float64, len(values))
		for i, v := range values {
			r.Values[i] = math.NaN()
			if !Known(v) {
				continue
			}
			if last >= 0 && i-last <= bornAfter {
				r.Values[i] = math.Abs(v - values[last])
			}
			last = i
		}
		r.raw = r.Values
	}
}

// shifted returns m as if it had happened later by back.
func shifted(m model.Matrix, back time.Duration) model.Matrix {
	out := make(model.Matrix, len(m))
	for i, s := range m {
		t := &model.SampleStream{Metric: s.Metric, Values: make([]model.SamplePair, len(s.Values))}
		for j, p := range s.Values {
			t.Values[j] = model.SamplePair{Timestamp: p.Timestamp.Add(back), Value: p.Value}
		}
		out[i] = t
	}
	return out
}
