package plugin

import (
	"fmt"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

const (
	// judgeBin is the judge's default bin, which panels use too, so that they show
	// the judge's numbers.
	judgeBin = andon.DefaultStep

	// maxBins is how many bins of one series are read at most: five weeks at the
	// judge's default. For a longer range bins become wider.
	maxBins = 5 * 7 * 24 * 60

	// maxPoints is how many points a series of an answer may have, the limit of
	// Prometheus.
	maxPoints = 11_000
)

// A grid says how a time range is cut into bins and points.
type grid struct {
	Bin    time.Duration // width of a bin of samples
	Stride time.Duration // between two points that are shown; a whole number of bins
	Wide   bool          // the bin is wider than the query's, since the range is long
}

// grid returns the grid for a time range and a panel's interval: bins of the
// query's step, or of the judge's, of which every n-th is shown.
func (q querySpec) grid(interval, span time.Duration) (grid, error) {
	if span < 0 {
		return grid{}, fmt.Errorf("the time range ends %s before it begins", andon.Spell(-span))
	}
	bin := judgeBin
	if q.Step != "" {
		var err error
		if bin, err = parseDuration("step", q.Step); err != nil {
			return grid{}, err
		}
	}
	// Both ends have a point: one more than there are steps.
	wider := max(1, ceilDiv(ceilDiv(span, bin), maxBins-1))
	bin *= wider
	stride := bin * max(1, ceilDiv(interval, bin))
	stride *= max(1, ceilDiv(ceilDiv(span, stride), maxPoints-1))
	return grid{Bin: bin, Stride: stride, Wide: wider > 1}, nil
}

func ceilDiv(a, b time.Duration) time.Duration {
	if a <= 0 {
		return 0
	}
	return (a-1)/b + 1
}
