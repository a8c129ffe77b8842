package evidence

import (
	"math"

	"github.com/andon-project/andon/pkg/stat"
)

// How far the smallest rate of events that would have been seen is looked for.
const (
	doublings = 20
	halvings  = 30
)

// smallestRate returns by how much the candidate's rate of events would have
// to exceed control's for the evidence to reach exp(logE), had all of it come
// at once, tempered by phi. seen holds the candidate's exposure and control's events and
// exposure.
func smallestRate(margin, logE, between, phi float64, seen [3]float64) float64 {
	eC, xK, eK := seen[0], seen[1], seen[2]
	if !(eC > 0) || !(eK > 0) {
		return math.NaN()
	}
	return stat.Smallest(xK/eK, doublings, halvings, func(rate float64) bool {
		c := stat.NewCounts(margin)
		c.AddTempered(rate*eC, eC, xK, eK, phi)
		return c.LogEBetween(between) >= logE
	}) - xK/eK
}
