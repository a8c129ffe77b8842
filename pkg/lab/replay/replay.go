package replay

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/judge"
	"github.com/andon-project/andon/pkg/lab/recording"
	"github.com/andon-project/andon/pkg/logs"
	"github.com/andon-project/andon/pkg/source"
)

// Options say how a case is replayed.
type Options struct {
	// Questions is the largest number of queries of a tick at a time; 1 if zero.
	Questions int

	// Inspect is called with each rollout's last verdict, while everything that the
	// judge saw can still be queried; may be nil. Its error ends the replay.
	Inspect func(ctx context.Context, a *judge.Analyzer, j Outcome) error
}

// An Outcome is a rollout with its last verdict.
type Outcome struct {
	Rollout andon.Rollout // as known at that time
	Service andon.Service
	Verdict andon.Verdict
	Trail   []judge.Point
}

// Replay judges the rollouts of a case at every step, from the start of the
// first to the end of the last, and once more when each ended. It returns them
// in the order of the case, each with its last verdict.
//
// The judge never sees a sample from after the tick: samples are added as time goes
// by, and a query that goes beyond the tick is an error.
func Replay(ctx context.Context, c *Case, o Options) ([]Outcome, error) {
	p := player{c: c, series: make([]*recording.Series, len(c.Series)), outcomes: make([]Outcome, len(c.Rollouts))}
	// A file has no staleness markers, so a series ends one step after its last
	// sample.
	p.engine = recording.NewEngine(time.Duration(c.Step), nil, nil)
	p.analyzer = &judge.Analyzer{
		Metrics: deviation.Source{Ask: p.ask, Resolve: source.Resolve},
		Logs:    logs.Source{Lines: p.askLines, Counts: p.askCounts},
	}
	if err := p.play(ctx, o); err != nil {
		return nil, fmt.Errorf("case %s: %w", c.Name, err)
	}
	return p.outcomes, nil
}

// A player is a replay under way.
type player struct {
	c        *Case
	engine   *promql.Engine
	samples  recording.Samples
	series   []*recording.Series // of samples, by index of the case's; nil before the first sample
	lines    recording.Lines
	analyzer *judge.Analyzer
	next     int // index of the first sample that is not in samples yet
	nextLine int // index of the first line that is not in lines yet
	now      time.Time
	outcomes []Outcome // by index of the rollout
}

func (p *player) play(ctx context.Context, o Options) error {
	watch := p.analyzer.NewWatch(max(1, o.Questions))
	for _, now := range p.c.ticks() {
		if err := ctx.Err(); err != nil {
			return err
		}
		p.now = now
		if err := p.feed(); err != nil {
			return err
		}
		under, which := p.c.underWay(now)
		verdicts := watch.Tick(ctx, under, now)
		if err := ctx.Err(); err != nil {
			return err
		}
		if len(verdicts) != len(under) {
			return fmt.Errorf("the judge returned %d verdicts on %d rollouts at %s", len(verdicts), len(under), now.Format(time.RFC3339))
		}
		for i, v := range verdicts {
			v.Case = p.c.Name
			j := Outcome{Rollout: under[i].Rollout, Service: under[i].Service, Verdict: v}
			if now.Equal(p.c.ended(which[i])) {
				j.Trail = watch.Trail(j.Rollout.ID)
				if o.Inspect != nil {
					if err := o.Inspect(ctx, p.analyzer, j); err != nil {
						return err
					}
				}
			}
			p.outcomes[which[i]] = j
		}
	}
	return nil
}

// feed adds the samples and lines up to now.
func (p *player) feed() error {
	limit := p.now.UnixMilli()
	for ; p.next < len(p.c.Samples) && p.c.Samples[p.next].Time <= limit; p.next++ {
		s := p.c.Samples[p.next]
		if p.series[s.Series] == nil {
			p.series[s.Series] = p.samples.Add(p.c.Series[s.Series])
		}
		if err := p.series[s.Series].Append(s.Time, s.Value); err != nil {
			return fmt.Errorf("%s at %s: %w", p.c.Series[s.Series], model.Time(s.Time).Time().UTC().Format(time.RFC3339), err)
		}
	}
	first := p.nextLine
	for p.nextLine < len(p.c.Lines) && !p.c.Lines[p.nextLine].At.After(p.now) {
		p.nextLine++
	}
	p.lines.Add(p.c.Lines[first:p.nextLine]...)
	return nil
}

// later returns an error if a query goes beyond the tick.
func (p *player) later(expr string, r andon.Range) error {
	if r.End.After(p.now) {
		return fmt.Errorf("query %s: it goes to %s, beyond the tick at %s", expr, r.End.UTC().Format(time.RFC3339), p.now.UTC().Format(time.RFC3339))
	}
	return nil
}

// askLines is the judge's LinesFunc.
func (p *player) askLines(ctx context.Context, expr string, r andon.Range) iter.Seq2[andon.Line, error] {
	if err := p.later(expr, r); err != nil {
		return func(yield func(andon.Line, error) bool) { yield(andon.Line{}, err) }
	}
	return p.lines.Range(ctx, expr, r)
}

// askCounts answers the judge's queries for numbers of lines.
func (p *player) askCounts(ctx context.Context, expr string, r andon.Range) (model.Matrix, error) {
	if err := p.later(expr, r); err != nil {
		return nil, err
	}
	return p.lines.Counts(ctx, expr, r)
}

// ask is the judge's RangeFunc.
func (p *player) ask(ctx context.Context, expr string, r andon.Range) (model.Matrix, error) {
	if err := p.later(expr, r); err != nil {
		return nil, err
	}
	return recording.Range(ctx, p.engine, &p.samples, expr, r)
}

// ended returns the time of the last tick of a rollout.
func (c *Case) ended(i int) time.Time {
	if e := c.Rollouts[i].Ended; !e.IsZero() {
		return e
	}
	if c.End.Before(c.Rollouts[i].Started) {
		return c.Rollouts[i].Started
	}
	return c.End
}

// ticks returns the times at which the case is judged: the whole steps, and
// the ends of the rollouts.
func (c *Case) ticks() []time.Time {
	step := time.Duration(c.Step)
	first, last := c.Rollouts[0].Started, c.ended(0)
	var out []time.Time
	for i, r := range c.Rollouts {
		end := c.ended(i)
		out = append(out, end)
		if r.Started.Before(first) {
			first = r.Started
		}
		if end.After(last) {
			last = end
		}
	}
	from := first.Truncate(step)
	if from.Before(first) {
		from = from.Add(step)
	}
	for t := from; !t.After(last); t = t.Add(step) {
		out = append(out, t)
	}
	slices.SortFunc(out, time.Time.Compare)
	return slices.CompactFunc(out, time.Time.Equal)
}

// underWay returns the rollouts that are under way at now, as known at that time,
// and their indices.
func (c *Case) underWay(now time.Time) (under []judge.Underway, which []int) {
	for i, r := range c.Rollouts {
		if now.Before(r.Started) || now.After(c.ended(i)) {
			continue
		}
		s, _ := c.Service(r.Service)
		if s.Step == 0 {
			s.Step = c.Step
		}
		under = append(under, judge.Underway{Rollout: r.AsOf(now), Service: s})
		which = append(which, i)
	}
	return under, which
}
