package logs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/logs/crash"
	"github.com/andon-project/andon/pkg/logs/logql"
)

// defaultBudget is how many lines are looked at in answer to one question.
// Where there are more, groups are found in a sample and counted by the source.
const defaultBudget = 50_000

// A Reader asks for the lines of both sides of a comparison.
type Reader struct {
	source  Source
	c       andon.Comparison
	start   int64 // bin that the comparison begins with
	sides   [2]lineSide
	notices []string
	sampled bool
	shown   []*sampledCluster    // clusters of a sample of candidate
	read    map[string]time.Time // of a crash signal: up to when stack traces of a stream were read
}

// A Source answers questions for lines, and tells what is remembered of them.
type Source struct {
	Lines    andon.LinesFunc
	Counts   andon.RangeFunc    // nil if nobody counts lines
	Patterns andon.PatternsFunc // nil if nobody finds any
	Resolve  andon.ResolveFunc  // writes a selector's matchers into LogQL; into its stream selector if nil
	Recall   andon.RecallFunc   // nothing is remembered if nil
	Budget   int                // lines that are looked at in answer to one question; defaultBudget if zero
}

// A lineSide is what is asked for one side.
type lineSide struct {
	expr    string // resolved
	streams string // every line of its streams
	filters bool   // expr leaves out some of them
	back    time.Duration
}

// A Bin is what is known of one bin.
type Bin struct {
	Lines        []CohortLine
	Running      [2][]string
	strata       []stratum    // that said anything, where running tells more than lines
	SourceCounts []GroupLines // by the source
}

// NewReader prepares to read the lines of both cohorts of a comparison, of which
// the rollout began with the bin start.
func (a Source) NewReader(c andon.Comparison, start int64) (*Reader, error) {
	expr := cmp.Or(c.Signal.Logs, c.Signal.Crashes)
	switch {
	case expr == "":
		return nil, fmt.Errorf("signal %s: has neither logs nor crashes; set one of them", c.Signal.Name)
	case a.Lines == nil:
		return nil, fmt.Errorf("signal %s: no source of logs is configured; set loki.url", c.Signal.Name)
	case c.ByTime() && c.Since.IsZero():
		return nil, errors.New("nothing to compare with: candidate and control select the same lines; select by labels, shift one with back, or set since")
	}
	k := &Reader{source: a, c: c, start: start, read: map[string]time.Time{}}
	for side, co := range [2]andon.Cohort{c.Candidate, c.Control} {
		s := lineSide{back: co.Back}
		var err error
		if s.expr, err = k.resolve(expr, co.Select); err != nil {
			return nil, fmt.Errorf("signal %s: %s: %w", c.Signal.Name, expr, err)
		}
		q, err := logql.Parse(s.expr)
		if err != nil {
			return nil, fmt.Errorf("signal %s: %s: %w", c.Signal.Name, s.expr, err)
		}
		bare, _ := logql.Parse(expr)
		bare.Pipeline = ""
		if s.streams, err = k.resolve(bare.String(), co.Select); err != nil {
			return nil, fmt.Errorf("signal %s: %s: %w", c.Signal.Name, expr, err)
		}
		s.filters = q.String() != s.streams
		k.sides[side] = s
	}
	return k, nil
}

func (k *Reader) resolve(expr string, s andon.Selector) (string, error) {
	if k.source.Resolve != nil {
		return k.source.Resolve(expr, s)
	}
	return logql.Resolve(expr, s)
}

// spans returns the bins of [lo, hi] in which a side is looked at.
func (k *Reader) spans(side int, lo, hi int64) (from, to int64) {
	switch {
	case side == deviation.CandidateSide:
		return max(lo, k.start), hi
	case k.c.ByTime():
		return lo, min(hi, k.start-1)
	}
	return lo, hi
}

// edge is lineComparison.edge.
func (k *Reader) edge(bin int64) time.Time {
	return deviation.BinTime(bin, k.c.BinWidth()).Add(-lateness(k.c.BinWidth()))
}

// binOf returns the bin of a time.
func (k *Reader) binOf(t time.Time) int64 {
	return deviation.BinFrom(t.Add(lateness(k.c.BinWidth())), k.c.BinWidth())
}

// Fetch asks for the bins from lo to hi. Where there are more lines than the
// budget, clusters are those that the source is asked to count; nil of crashes.
func (k *Reader) Fetch(ctx context.Context, clusters *lineClusters, lo, hi int64) ([]Bin, error) {
	out := make([]Bin, hi-lo+1)
	k.shown = nil
	for side := range k.sides {
		from, to := k.spans(side, lo, hi)
		if from > to {
			continue
		}
		if k.sides[side].filters {
			if err := k.fetchRunning(ctx, side, out, lo, [2]int64{from, to}); err != nil {
				return nil, err
			}
		}
		if err := k.fetchLines(ctx, side, clusters, out, lo, [2]int64{from, to}); err != nil {
			return nil, err
		}
	}
	for i := range out {
		// Two streams have no order but that of time; the rest makes it one.
		slices.SortStableFunc(out[i].Lines, func(x, y CohortLine) int {
			return cmp.Or(inTurn(x.At, x.Node, y.At, y.Node), cmp.Compare(x.Side, y.Side))
		})
	}
	return out, nil
}

// fetchRunning fills in which nodes say anything at all, where the lines that
// are read do not tell.
func (k *Reader) fetchRunning(ctx context.Context, side int, out []Bin, lo int64, span [2]int64) error {
	if k.source.Counts == nil {
		return nil
	}
	return k.countsBy(ctx, side, k.sides[side].streams, strataLabels, span, func(bin int64, m model.Metric, _ float64) {
		at := &out[bin-lo]
		at.Running[side] = append(at.Running[side], string(m[model.LabelName(k.c.Node)]))
		labels := make(map[string]string, len(m))
		for name, v := range m {
			labels[string(name)] = string(v)
		}
		at.strata = append(at.strata, stratumOf(labels))
	})
}

// counts asks how many lines of an expression each node had in each bin. The
// question is for whole steps, to which Loki moves times anyway; that bins of
// lines end before, and what is shifted, is its offset.
func (k *Reader) counts(ctx context.Context, side int, expr string, span [2]int64, yield func(bin int64, node string, n float64)) error {
	return k.countsBy(ctx, side, expr, nil, span, func(bin int64, m model.Metric, n float64) {
		yield(bin, string(m[model.LabelName(k.c.Node)]), n)
	})
}

// countsBy is counts of each node and each value of more labels.
func (k *Reader) countsBy(ctx context.Context, side int, expr string, more []string, span [2]int64, yield func(bin int64, m model.Metric, n float64)) error {
	step := k.c.BinWidth()
	labels := []string{}
	for _, label := range append([]string{k.c.Node}, more...) {
		if label != "" && !slices.Contains(labels, label) {
			labels = append(labels, label)
		}
	}
	count := logql.CountOverTime(expr, labels, step, lateness(step)+k.sides[side].back)
	m, err := k.source.Counts(ctx, count, andon.Range{Start: deviation.BinTime(span[0], step), End: deviation.BinTime(span[1], step), Step: step})
	if err != nil {
		return err
	}
	for _, s := range m {
		for _, p := range s.Values {
			bin := deviation.BinAt(p.Timestamp.Time().Add(step/2), step)
			if bin >= span[0] && bin <= span[1] && p.Value > 0 {
				yield(bin, s.Metric, float64(p.Value))
			}
		}
	}
	return nil
}

// fetchLines fills in the lines, or what they come to.
func (k *Reader) fetchLines(ctx context.Context, side int, clusters *lineClusters, out []Bin, lo int64, span [2]int64) error {
	expr := k.sides[side].expr
	all, over, err := k.lines(ctx, side, expr, span)
	if err != nil {
		return err
	}
	if over && clusters != nil && k.source.Counts != nil {
		return k.sample(ctx, side, clusters, out, lo, span)
	}
	starts := clusters == nil && k.sides[side].filters
	if over && clusters == nil {
		// Of all lines those of crashes are few, and the rest of a stack is read behind its first.
		starts = true
		if all, over, err = k.lines(ctx, side, crashStarts(expr), span); err != nil {
			return err
		}
		if !k.sides[side].filters {
			if err := k.fetchRunning(ctx, side, out, lo, span); err != nil {
				return err
			}
		}
		k.notice("more than %s: only those that may start a crash were read", andon.Plural(float64(k.budget()), "line"))
	}
	if over {
		k.notice("more than %s: those after %s are left out; select fewer", andon.Plural(float64(len(all)), "line"), all[len(all)-1].At.UTC().Format(time.RFC3339))
	}
	if starts {
		return k.around(ctx, side, all, out, lo)
	}
	for _, l := range all {
		if bin := k.binOf(l.At); bin >= span[0] && bin <= span[1] {
			out[bin-lo].Lines = append(out[bin-lo].Lines, l)
		}
	}
	return nil
}

// lines reads the lines of an expression, and whether there are more than the
// budget, which are left out.
func (k *Reader) lines(ctx context.Context, side int, expr string, span [2]int64) (all []CohortLine, over bool, err error) {
	for l, err := range k.source.Lines(ctx, expr, k.within(side, span)) {
		if err != nil {
			return nil, false, err
		}
		if len(all) == k.budget() {
			return all, true, nil
		}
		all = append(all, k.cohortLine(side, l))
	}
	return all, false, nil
}

// crashStarts returns a query for the lines of another that a crash may start
// with.
func crashStarts(expr string) string {
	q, err := logql.Parse(expr)
	if err != nil {
		return expr
	}
	starts := crash.Starts()
	for i, s := range starts {
		starts[i] = regexp.QuoteMeta(s)
	}
	return q.Then("|~ " + quoted(strings.Join(starts, "|"))).String()
}

// within returns the time of a side's bins.
func (k *Reader) within(side int, span [2]int64) andon.Range {
	back := k.sides[side].back
	return andon.Range{Start: k.edge(span[0] - 1).Add(time.Nanosecond - back), End: k.edge(span[1]).Add(-back), Step: k.c.BinWidth()}
}

func (k *Reader) cohortLine(side int, l andon.Line) CohortLine {
	l.At = l.At.Add(k.sides[side].back)
	return CohortLine{Line: l, Side: side, Node: l.Labels[k.c.Node], version: l.Labels[k.c.Version]}
}

func (k *Reader) notice(format string, args ...any) {
	if n := fmt.Sprintf(format, args...); len(k.notices) < 10 && !slices.Contains(k.notices, n) {
		k.notices = append(k.notices, n)
	}
}

// tell adds to a report what was asked.
func (k *Reader) tell(r *andon.GroupReport) {
	r.Query, r.Against = k.sides[deviation.CandidateSide].expr, k.sides[deviation.ControlSide].expr
	r.Sampled = k.sampled
	r.Notices = append(append([]string{}, k.notices...), r.Notices...)
}

// Recollection returns what is remembered of a comparison's service at a time.
func (a Source) Recollection(c andon.Comparison, at time.Time) *andon.Recollection {
	if a.Recall == nil || c.Service == "" {
		return nil
	}
	return a.Recall(c.Service, c.Release, at)
}
