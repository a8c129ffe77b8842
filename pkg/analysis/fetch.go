package analysis

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/common/model"
	"golang.org/x/sync/errgroup"
)

// maxPoints is how many steps are asked for at once; Prometheus refuses more
// than 11,000.
const maxPoints = 10_000

// A gridSpan is a span of bins.
type gridSpan struct {
	step        time.Duration
	first, last int64
}

func (g gridSpan) width() int { return int(g.last - g.first + 1) }

func (g gridSpan) time(bin int64) time.Time { return binTime(bin, g.step) }

// index returns the place of a timestamp's bin in the span.
func (g gridSpan) index(t model.Time) int {
	return int(floorDiv(int64(t)*int64(time.Millisecond), int64(g.step)) - g.first)
}

func binTime(bin int64, step time.Duration) time.Time {
	return time.Unix(0, bin*int64(step)).UTC()
}

// binAt returns the last bin at or before t, binFrom the first at or after it.
func binAt(t time.Time, step time.Duration) int64 {
	return floorDiv(t.UnixNano(), int64(step))
}

func binFrom(t time.Time, step time.Duration) int64 {
	return -floorDiv(-t.UnixNano(), int64(step))
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && a < 0 {
		q--
	}
	return q
}

// later returns the later of two times.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// A side is what is asked for one cohort of one signal.
type side struct {
	metric, per string // resolved
	node        string
	places      []string // labels that say where a node is
	back        time.Duration
	counts      bool // the signal is of events, of whatever exposure
	counter     bool // of which the metric is a bare counter
}

// A metricSource is whom samples are asked from.
type metricSource struct {
	Metrics RangeFunc
	Resolve ResolveFunc // writes a selector's matchers into PromQL; nil if nobody can
}

// newSide writes the cohort's selector into the signal's expressions.
func (a metricSource) newSide(c Comparison, co Cohort) (side, error) {
	s := side{metric: c.Signal.Metric, per: c.Signal.Per, node: c.Node, places: c.Places, back: co.Back, counter: c.Signal.isCounter()}
	kind := c.Signal.InferKind()
	s.counts = kind == Counts || kind == Crashes
	if len(co.Select) == 0 {
		return s, nil
	}
	if a.Resolve == nil {
		return s, fmt.Errorf("signal %s: cohorts are selected by labels, and the Analyzer cannot write them into queries; set Resolve", c.Signal.Name)
	}
	for _, e := range []*string{&s.metric, &s.per} {
		if *e == "" {
			continue
		}
		resolved, err := a.Resolve(*e, co.Select)
		if err != nil {
			return s, fmt.Errorf("signal %s: writing the matchers %v into %s: %w", c.Signal.Name, co.Select, *e, err)
		}
		*e = resolved
	}
	return s, nil
}

// fetchBoth asks for both sides at the same time; for the candidate alone if
// time divides them.
func (a metricSource) fetchBoth(ctx context.Context, m *scale, span gridSpan) (cand, ctrl *frame, err error) {
	ctrl = &frame{first: span.first, width: span.width(), rows: map[string]*row{}}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		if cand, err = a.fetch(ctx, m.candidate, span); err != nil {
			return fmt.Errorf("signal %s, candidate: %w", m.c.Signal.Name, err)
		}
		return nil
	})
	if !m.timed {
		g.Go(func() (err error) {
			if ctrl, err = a.fetch(ctx, m.control, span); err != nil {
				return fmt.Errorf("signal %s, control: %w", m.c.Signal.Name, err)
			}
			return nil
		})
	}
	err = g.Wait()
	return cand, ctrl, err
}

// fetch asks for the samples of a side over g.
func (a metricSource) fetch(ctx context.Context, s side, g gridSpan) (*frame, error) {
	whole := g
	if s.counter {
		whole.first -= bornAfter
	}
	f, err := a.fetchOne(ctx, s, s.metric, whole)
	if err != nil {
		return nil, err
	}
	if s.counter {
		f.increases(g.step.Seconds())
		f = f.slice(g)
	}
	if s.per == "" && s.counts {
		return over(f, f.ones(), g.step.Seconds()), nil
	}
	if s.per == "" {
		return f, nil
	}
	per, err := a.fetchOne(ctx, s, s.per, g)
	if err != nil {
		return nil, err
	}
	return over(f, per, g.step.Seconds()), nil
}

func (a metricSource) fetchOne(ctx context.Context, s side, expr string, g gridSpan) (*frame, error) {
	out := &frame{first: g.first, rows: map[string]*row{}}
	for lo := g.first; lo <= g.last; lo += maxPoints {
		part := gridSpan{g.step, lo, min(g.last, lo+maxPoints-1)}
		r := Range{Start: part.time(part.first).Add(-s.back), End: part.time(part.last).Add(-s.back), Step: g.step}
		m, err := a.Metrics(ctx, expr, r)
		if err != nil {
			return nil, err
		}
		if s.back != 0 {
			m = shifted(m, s.back)
		}
		out.extend(newFrame(m, s, part))
	}
	return out, nil
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
