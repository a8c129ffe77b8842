package logs

import (
	"context"
	"fmt"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
)

// Cluster says how the log lines of candidate stand to those of control.
//
// Candidate's lines are those of r since c.Since, control's those of all of r:
// what control showed before the change is known. Where only time divides the
// cohorts, control is what was before c.Since. Without Since the two are
// compared over all of r. Bins are c.Step wide, as those of a tick are; r.Step
// is not used. A tick that judges the signal sees the same, if r begins sixty
// bins before the rollout.
func (a Source) Cluster(ctx context.Context, c andon.Comparison, r andon.Range) (andon.ClusterReport, error) {
	if c.Signal.Logs == "" {
		return andon.ClusterReport{}, fmt.Errorf("signal %s: has no logs to cluster; set logs", c.Signal.Name)
	}
	b, ask, err := a.read(ctx, c, r)
	if err != nil {
		return andon.ClusterReport{}, err
	}
	return b.ClusterReport(ask), nil
}

// Crashes says how the crashes of candidate stand to those of control, over
// the same time as Cluster. If the query leaves lines out, the stack traces
// behind those that it finds are read as well.
func (a Source) Crashes(ctx context.Context, c andon.Comparison, r andon.Range) (andon.CrashReport, error) {
	if c.Signal.Crashes == "" {
		return andon.CrashReport{}, fmt.Errorf("signal %s: has no crashes; set crashes", c.Signal.Name)
	}
	b, ask, err := a.read(ctx, c, r)
	if err != nil {
		return andon.CrashReport{}, err
	}
	return b.CrashReport(ask), nil
}

// read folds the lines of a range.
func (a Source) read(ctx context.Context, c andon.Comparison, r andon.Range) (*Comparison, *Reader, error) {
	if r.End.Before(r.Start) {
		return nil, nil, fmt.Errorf("signal %s: the range ends at %s, before it starts at %s", c.Signal.Name, r.End.UTC().Format(time.RFC3339), r.Start.UTC().Format(time.RFC3339))
	}
	step := c.BinWidth()
	first, last := deviation.BinAt(r.Start, step)+1, deviation.BinAt(r.End, step)
	last = max(first, last)
	start := first
	if !c.Since.IsZero() {
		start = min(max(first, deviation.BinFrom(c.Since, step)), last+1)
	}
	ask, err := a.NewReader(c, start)
	if err != nil {
		return nil, nil, err
	}
	b := NewComparison(c, first, start)
	b.Recall(a.Recollection(c, r.End))
	b.series = true
	bins, err := ask.Fetch(ctx, b.Clusters, first, last)
	if err != nil {
		return nil, nil, fmt.Errorf("signal %s: %w", c.Signal.Name, err)
	}
	for i, bin := range bins {
		b.Fold(bin, i == len(bins)-1)
	}
	return b, ask, nil
}
