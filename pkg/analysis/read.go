package analysis

import (
	"context"
	"fmt"
)

// Cluster says how the log lines of candidate stand to those of control.
//
// Candidate's lines are those of r since c.Since, control's those of all of r:
// what control showed before the change is known. Where only time divides the
// cohorts, control is what was before c.Since. Without Since the two are
// compared over all of r. Bins are c.Step wide, as those of a tick are; r.Step
// is not used. A tick that judges the signal sees the same, if r begins sixty
// bins before the rollout.
func (a lineSource) Cluster(ctx context.Context, c Comparison, r Range) (ClusterReport, error) {
	if c.Signal.Logs == "" {
		return ClusterReport{}, fmt.Errorf("signal %s: clusters are of logs; set logs", c.Signal.Name)
	}
	b, ask, err := a.read(ctx, c, r)
	if err != nil {
		return ClusterReport{}, err
	}
	return b.clusterReport(ask), nil
}

// Crashes says how the crashes of candidate stand to those of control, over
// the same time as Cluster. If the query leaves lines out, the stack traces
// behind those that it finds are read as well.
func (a lineSource) Crashes(ctx context.Context, c Comparison, r Range) (CrashReport, error) {
	if c.Signal.Crashes == "" {
		return CrashReport{}, fmt.Errorf("signal %s: crash signatures are of crashes; set crashes", c.Signal.Name)
	}
	b, ask, err := a.read(ctx, c, r)
	if err != nil {
		return CrashReport{}, err
	}
	return b.crashReport(ask), nil
}

// read folds the lines of a range.
func (a lineSource) read(ctx context.Context, c Comparison, r Range) (*lineComparison, *lineAsk, error) {
	if r.End.Before(r.Start) {
		return nil, nil, fmt.Errorf("signal %s: the range ends at %s, before it starts at %s", c.Signal.Name, r.End, r.Start)
	}
	step := c.step()
	first, last := binAt(r.Start, step)+1, binAt(r.End, step)
	last = max(first, last)
	start := first
	if !c.Since.IsZero() {
		start = min(max(first, binFrom(c.Since, step)), last+1)
	}
	ask, err := a.newLineAsk(c, start)
	if err != nil {
		return nil, nil, err
	}
	b := newLineComparison(c, first, start)
	b.recall(a.recall(c, r.End))
	b.series = true
	bins, err := ask.fetch(ctx, b.clusters, first, last)
	if err != nil {
		return nil, nil, fmt.Errorf("signal %s: %w", c.Signal.Name, err)
	}
	for i, bin := range bins {
		b.fold(bin, i == len(bins)-1)
	}
	return b, ask, nil
}
