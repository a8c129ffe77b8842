package evidence

import (
	"math"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
)

// exposures are those of the nodes of candidate and of control that were compared.
type exposures [2]map[string]float64

func newExposures() exposures { return exposures{{}, {}} }

// root takes in one bin and returns the standard deviation of the difference of the
// cohorts' means, up to this bin, where that of single nodes is 1.
func (x exposures) root(cand, ctrl []deviation.Sample, exposure func(deviation.Sample) float64) float64 {
	for side, samples := range [2][]deviation.Sample{cand, ctrl} {
		for _, s := range samples {
			if deviation.Known(s.Value) {
				x[side][s.Node] += exposure(s)
			}
		}
	}
	return math.Sqrt(alike(x[0]) + alike(x[1]))
}

// alike returns one over the number of nodes of equal exposure whose mean would
// vary as that of nodes of these exposures does: Σe²/(Σe)².
func alike(exposures map[string]float64) float64 {
	sum, square := 0., 0.
	for _, name := range andon.SortedKeys(exposures) {
		sum, square = sum+exposures[name], square+exposures[name]*exposures[name]
	}
	return square / (sum * sum)
}
