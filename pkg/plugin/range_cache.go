package plugin

import (
	"context"
	"sort"
	"sync"
	"time"

	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
)

// A rangeCache asks each query once, up to the time until, and answers later,
// shorter ranges from that. It is safe for concurrent use.
type rangeCache struct {
	ask     andon.RangeFunc
	until   time.Time
	mu      sync.Mutex
	answers map[string]*rangeAnswer
}

// A rangeAnswer is the answer to a range that begins at start.
type rangeAnswer struct {
	start  time.Time
	step   time.Duration
	answer model.Matrix
}

func (c *rangeCache) get(ctx context.Context, expr string, r andon.Range) (model.Matrix, error) {
	c.mu.Lock()
	a := c.answers[expr]
	c.mu.Unlock()
	if a == nil || a.step != r.Step || r.Start.Before(a.start) || r.Start.Sub(a.start)%r.Step != 0 || r.End.After(c.until) {
		whole := r
		if n := c.until.Sub(r.Start) / r.Step; r.Start.Add(n * r.Step).After(r.End) {
			whole.End = r.Start.Add(n * r.Step)
		}
		answer, err := c.ask(ctx, expr, whole)
		if err != nil {
			return nil, err
		}
		a = &rangeAnswer{r.Start, r.Step, answer}
		c.mu.Lock()
		c.answers[expr] = a
		c.mu.Unlock()
	}
	out := make(model.Matrix, 0, len(a.answer))
	for _, series := range a.answer {
		if part := between(series.Values, model.TimeFromUnixNano(r.Start.UnixNano()), model.TimeFromUnixNano(r.End.UnixNano())); len(part) > 0 {
			out = append(out, &model.SampleStream{Metric: series.Metric, Values: part})
		}
	}
	return out, nil
}

// between returns the samples from start to end, both included.
func between(v []model.SamplePair, start, end model.Time) []model.SamplePair {
	from := sort.Search(len(v), func(i int) bool { return v[i].Timestamp >= start })
	to := sort.Search(len(v), func(i int) bool { return v[i].Timestamp > end })
	return v[from:to]
}
