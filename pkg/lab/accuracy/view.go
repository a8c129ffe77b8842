package accuracy

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/judge"
	"github.com/andon-project/andon/pkg/source"
	"github.com/andon-project/andon/pkg/stat"
)

// past is how far before a rollout's start a rule sees samples.
const past = time.Hour

// A View is what a rule may see of a rollout at one tick: the samples of its signals
// in whole bins, from an hour before the start until the tick.
type View struct {
	Started     int  // first bin at or after the rollout's start
	First       int  // first bin at or after the end of the first stage
	Ended       bool // this tick is the rollout's last one
	BeforeAfter bool // candidate and control are the same nodes, after and before the start
	Signals     []Signal
}

// Ticks returns the number of ticks so far, this one included.
func (v View) Ticks() int { return v.bins() - v.First }

func (v View) bins() int {
	for _, s := range v.Signals {
		return s.bins
	}
	return v.First
}

// A Signal is one signal with its samples. In a BeforeAfter view both cohorts are the
// same.
type Signal struct {
	andon.Signal
	Candidate, Control Cohort

	bins int
}

// A Cohort holds nodes in the order of their names.
type Cohort []Node

// A Node holds the samples of one node, one for each bin.
type Node struct {
	Name   string
	Values []float64 // NaN without a sample
	Seen   []bool    // there was a sample, perhaps NaN
}

// Mean returns the mean over nodes in a bin, leaving out NaN, and whether any node
// had a sample, perhaps NaN.
func (c Cohort) Mean(bin int) (mean float64, seen bool) {
	var values []float64
	for _, n := range c {
		values = append(values, n.Values[bin])
		seen = seen || n.Seen[bin]
	}
	return stat.Mean(values), seen
}

// Means returns the means over nodes in the bins [from, to), without those that are
// NaN.
func (c Cohort) Means(from, to int) []float64 {
	out := make([]float64, 0, max(0, to-from))
	for b := from; b < to; b++ {
		if m, _ := c.Mean(b); !math.IsNaN(m) {
			out = append(out, m)
		}
	}
	return out
}

// Samples returns the means over nodes of a signal's two cohorts: the candidate's
// since the end of the first stage, and the control's in the same bins or, in a
// BeforeAfter view, before the start.
func (v View) Samples(s Signal) (candidate, control []float64) {
	candidate = s.Candidate.Means(v.First, s.bins)
	if v.BeforeAfter {
		return candidate, s.Control.Means(0, v.Started)
	}
	return candidate, s.Control.Means(v.First, s.bins)
}

// upTo returns v with only the first n bins.
func (v View) upTo(n int) View {
	signals := make([]Signal, len(v.Signals))
	for i, s := range v.Signals {
		signals[i] = Signal{Signal: s.Signal, Candidate: s.Candidate.upTo(n), Control: s.Control.upTo(n), bins: n}
	}
	v.Ended = n == v.bins()
	v.Signals = signals
	return v
}

func (c Cohort) upTo(n int) Cohort {
	out := make(Cohort, len(c))
	for i, node := range c {
		// The capacity is cut too, so that later samples are out of reach.
		out[i] = Node{node.Name, node.Values[:n:n], node.Seen[:n:n]}
	}
	return out
}

// A span is the range of bins of a View.
type span struct {
	first, last int64 // numbers of bins: time divided by step
	step        time.Duration
}

func (s span) width() int { return int(s.last - s.first + 1) }

func (s span) time(bin int) time.Time {
	return time.Unix(0, (s.first+int64(bin))*int64(s.step)).UTC()
}

// binAt returns the last bin at or before t, binFrom the first at or after it.
func binAt(t time.Time, step time.Duration) int64 {
	n := t.UnixNano() / int64(step)
	if t.UnixNano() < n*int64(step) {
		n--
	}
	return n
}

func binFrom(t time.Time, step time.Duration) int64 {
	n := binAt(t, step)
	if t.UnixNano() > n*int64(step) {
		n++
	}
	return n
}

// collect queries the samples of a rollout up to its end. They are what each tick
// would have seen, because no query may depend on later samples; one that does is
// an error.
func collect(ctx context.Context, a *judge.Analyzer, ro andon.Rollout, s andon.Service, end time.Time) (View, span, error) {
	step := s.Bin()
	started := binFrom(ro.Started, step)
	g := span{step: step, first: started - int64(past/step), last: binAt(end, step)}
	v := View{Started: int(started - g.first), First: int(binFrom(ro.FirstStage(), step) - g.first), Ended: true}
	if g.width() <= 0 {
		return v, g, nil
	}
	for _, sig := range s.Signals {
		if sig.Metric == "" {
			continue // log lines are not replayed
		}
		c := andon.Compare(ro, s, sig)
		v.BeforeAfter = maps.Equal(c.Candidate.Select, c.Control.Select)
		out := Signal{Signal: sig, bins: g.width()}
		var err error
		if out.Candidate, err = ask(ctx, a, c, c.Candidate.Select, g); err != nil {
			return v, g, err
		}
		if out.Control, err = ask(ctx, a, c, c.Control.Select, g); err != nil {
			return v, g, err
		}
		v.Signals = append(v.Signals, out)
	}
	return v, g, nil
}

// ask returns one cohort of a signal, as the ratio to its exposure if it has one.
func ask(ctx context.Context, a *judge.Analyzer, c andon.Comparison, sel andon.Selector, g span) (Cohort, error) {
	values, err := askOne(ctx, a, c, question{c.Signal.Metric, sel, g})
	if err != nil || c.Signal.Per == "" {
		return values, err
	}
	per, err := askOne(ctx, a, c, question{c.Signal.Per, sel, g})
	if err != nil {
		return nil, err
	}
	for _, n := range per {
		i, found := slices.BinarySearchFunc(values, n.Name, func(m Node, name string) int { return strings.Compare(m.Name, name) })
		for b, e := range n.Values {
			x := 0.0 // a counter that never counted is often not exported
			if found && !math.IsNaN(values[i].Values[b]) {
				x = values[i].Values[b]
			}
			n.Values[b] = x / e // 0/0 is NaN: no exposure
		}
	}
	return per, nil
}

// A question is a query on one cohort.
type question struct {
	expr string
	sel  andon.Selector
	g    span
}

func askOne(ctx context.Context, a *judge.Analyzer, c andon.Comparison, q question) (Cohort, error) {
	if err := looksBack(q.expr); err != nil {
		return nil, fmt.Errorf("signal %s: %w", c.Signal.Name, err)
	}
	expr, err := source.Resolve(q.expr, q.sel)
	if err != nil {
		return nil, fmt.Errorf("signal %s: %w", c.Signal.Name, err)
	}
	m, err := a.Metrics.Ask(ctx, expr, andon.Range{Start: q.g.time(0), End: q.g.time(q.g.width() - 1), Step: q.g.step})
	if err != nil {
		return nil, fmt.Errorf("signal %s: %w", c.Signal.Name, err)
	}
	return cohort(m, c.Node, q.g), nil
}

// cohort sorts series into bins, and averages series of the same node.
func cohort(m model.Matrix, node string, g span) Cohort {
	nodes := make(map[string]*Node)
	counts := make(map[string][]float64)
	for _, s := range m {
		name := string(s.Metric[model.LabelName(node)])
		n := nodes[name]
		if n == nil {
			n = &Node{Name: name, Values: make([]float64, g.width()), Seen: make([]bool, g.width())}
			for i := range n.Values {
				n.Values[i] = math.NaN()
			}
			nodes[name], counts[name] = n, make([]float64, g.width())
		}
		for _, p := range s.Values {
			b := int(p.Timestamp.UnixNano()/int64(g.step) - g.first)
			n.Seen[b] = true
			v := float64(p.Value)
			if math.IsNaN(v) || math.IsInf(v, 0) {
				continue
			}
			if counts[name][b]++; counts[name][b] == 1 {
				n.Values[b] = 0
			}
			n.Values[b] += (v - n.Values[b]) / counts[name][b]
		}
	}
	out := make(Cohort, 0, len(nodes))
	for _, name := range slices.Sorted(maps.Keys(nodes)) {
		out = append(out, *nodes[name])
	}
	return out
}

var promQL = parser.NewParser(parser.Options{})

// looksBack returns an error if the value of an expression may depend on samples
// later than the time of evaluation.
func looksBack(expr string) error {
	tree, err := promQL.ParseExpr(expr)
	if err != nil {
		return fmt.Errorf("query %s: %w", expr, err)
	}
	ahead := false
	parser.Inspect(tree, func(n parser.Node, _ []parser.Node) error {
		switch n := n.(type) {
		case *parser.VectorSelector:
			ahead = ahead || n.OriginalOffset < 0 || n.Timestamp != nil || n.StartOrEnd != 0
		case *parser.SubqueryExpr:
			ahead = ahead || n.OriginalOffset < 0 || n.Timestamp != nil || n.StartOrEnd != 0
		}
		return nil
	})
	if ahead {
		return fmt.Errorf("query %s: a negative offset or @ can show later samples; leave it out", expr)
	}
	return nil
}
