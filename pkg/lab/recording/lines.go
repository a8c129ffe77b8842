package recording

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/logs/logql"
)

// Lines holds log lines in memory and answers the LogQL queries that Andon asks:
// log queries with line filters and label filters, and counts of their lines over
// time. It is safe for concurrent use. The zero Lines is empty and has no limit.
type Lines struct {
	mu    sync.Mutex
	all   []andon.Line
	mixed bool // lines may be out of order
	limit int  // of lines; none if zero
}

// NewLines returns an empty Lines that keeps about as many of the newest lines as
// limit says; all if it is zero.
func NewLines(limit int) *Lines { return &Lines{limit: limit} }

// Add adds lines. Lines with the same time stay in the order in which they came.
func (s *Lines) Add(lines ...andon.Line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, lines...)
	s.mixed = true
	if s.limit > 0 && len(s.all) > s.limit+s.limit/8 {
		s.sort()
		s.all = slices.Clone(s.all[len(s.all)-s.limit:])
	}
}

// sort puts the lines in order; the caller holds mu.
func (s *Lines) sort() {
	if s.mixed {
		slices.SortStableFunc(s.all, func(a, b andon.Line) int { return a.At.Compare(b.At) })
		s.mixed = false
	}
}

// Range answers a log query; it is an andon.LinesFunc.
func (s *Lines) Range(ctx context.Context, expr string, r andon.Range) iter.Seq2[andon.Line, error] {
	return func(yield func(andon.Line, error) bool) {
		q, err := logql.Parse(expr)
		var match logql.Match
		if err == nil {
			match, err = q.Compile()
		}
		if err != nil {
			yield(andon.Line{}, fmt.Errorf("query %s: %w", expr, err))
			return
		}
		for _, l := range s.between(r.Start, r.End) {
			if err := ctx.Err(); err != nil {
				yield(andon.Line{}, err)
				return
			}
			if match(l.Labels, l.Text) && !yield(l, nil) {
				return
			}
		}
	}
}

// between returns a copy of the lines from start to end, both included.
func (s *Lines) between(start, end time.Time) []andon.Line {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sort()
	from, _ := slices.BinarySearchFunc(s.all, start, func(l andon.Line, t time.Time) int { return l.At.Compare(t) })
	for from > 0 && !s.all[from-1].At.Before(start) {
		from--
	}
	to := from
	for to < len(s.all) && !s.all[to].At.After(end) {
		to++
	}
	return slices.Clone(s.all[from:to])
}

// Counts answers a metric query of the form that logql.CountOverTime writes; it is
// an andon.RangeFunc. The value at a time is the number of lines in the window that
// ends then, its beginning excluded. There is no sample where that is 0.
func (s *Lines) Counts(ctx context.Context, expr string, r andon.Range) (model.Matrix, error) {
	c, err := logql.ParseCount(expr)
	if err != nil {
		return nil, fmt.Errorf("query %s: %w", expr, err)
	}
	match, err := c.Query.Compile()
	if err != nil {
		return nil, fmt.Errorf("query %s: %w", expr, err)
	}
	if r.Step <= 0 {
		return nil, fmt.Errorf("query %s: the step is %v; it must be above zero", expr, r.Step)
	}
	shift := c.Offset
	r.Start, r.End = r.Start.Add(-shift), r.End.Add(-shift)
	series := map[string]*model.SampleStream{}
	counts := map[string]map[int64]int{} // by step
	for _, l := range s.between(r.Start.Add(-c.Window+1), r.End) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if !match(l.Labels, l.Text) {
			continue
		}
		metric := model.Metric{}
		for _, name := range c.By {
			if v, ok := l.Labels[name]; ok {
				metric[model.LabelName(name)] = model.LabelValue(v)
			}
		}
		key := metric.String()
		if series[key] == nil {
			series[key], counts[key] = &model.SampleStream{Metric: metric}, map[int64]int{}
		}
		first := max(0, ceilDiv(l.At.Sub(r.Start), r.Step))
		for i := first; ; i++ {
			at := r.Start.Add(time.Duration(i) * r.Step)
			if at.After(r.End) || !l.At.After(at.Add(-c.Window)) {
				break
			}
			counts[key][i]++
		}
	}
	out := model.Matrix{}
	for key, s := range series {
		for i := int64(0); !r.Start.Add(time.Duration(i) * r.Step).After(r.End); i++ {
			if n := counts[key][i]; n > 0 {
				at := r.Start.Add(time.Duration(i) * r.Step)
				s.Values = append(s.Values, model.SamplePair{Timestamp: model.TimeFromUnixNano(at.Add(shift).UnixNano()), Value: model.SampleValue(n)})
			}
		}
		if len(s.Values) > 0 {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b *model.SampleStream) int { return strings.Compare(a.Metric.String(), b.Metric.String()) })
	return out, nil
}

// Streams returns the distinct label sets, in the order of their first lines.
func (s *Lines) Streams() []map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := make(map[string]bool)
	all := []map[string]string{}
	for _, l := range s.all {
		if key := fmt.Sprint(l.Labels); !seen[key] { // fmt sorts the keys of a map
			seen[key] = true
			all = append(all, l.Labels)
		}
	}
	return all
}

func ceilDiv(a, b time.Duration) int64 {
	q := int64(a / b)
	return q + int64(cmp.Compare(a%b, 0)+1)/2
}
