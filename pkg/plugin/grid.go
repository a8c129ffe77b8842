package plugin

import (
	"fmt"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

const (
	// judgeBin is the width of a bin of the judge, if a service does not set
	// its own: the panel shows the judge's numbers as long as it can.
	judgeBin = andon.DefaultStep

	// maxBins is how many bins are read at most for one series: five weeks of
	// the judge's. Beyond that a bin is wider.
	maxBins = 5 * 7 * 24 * 60

	// maxPoints is how many points a series of an answer may have, as in
	// Prometheus.
	maxPoints = 11_000
)

// A grid is how time is cut.
type grid struct {
	Bin    time.Duration // width of a bin of samples
	Stride time.Duration // between two points shown, a whole number of bins
	Wide   bool          // the bin is wider than what was wanted
}

// grid returns how a range of that span is cut for a panel of that interval:
// into the bins that the query sets, or those of the judge, of which every n-th
// is shown.
func (q Query) grid(interval, span time.Duration) (grid, error) {
	if span < 0 {
		return grid{}, fmt.Errorf("the time range ends %v before it begins", -span)
	}
	bin := judgeBin
	if q.Step != "" {
		var err error
		if bin, err = parseDuration("step", q.Step); err != nil {
			return grid{}, err
		}
	}
	// Both ends have a point, so there is one more than there are steps.
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
