package judge

import (
	"cmp"
	"math"
	"slices"

	"github.com/andon-project/andon/pkg/andon"
)

const (
	// ordinary is how many rollouts are presumed to have been harmless, and one
	// bad, before any of a service is labelled: one in twenty.
	ordinary = 19
	// minLabels is how many labelled rollouts it takes for their order alone to say
	// what a score means.
	minLabels = 200
	// plattShift and plattSlope are the standard deviations of what is presumed
	// of Platt's line: that it changes nothing.
	plattShift, plattSlope = 1., .5
	// doubt is the weight that a presumption keeps beside each label, so that no
	// probability becomes 0 or 1 because nothing else was seen.
	doubt = .05
	// farWeight bounds the weights that labels are fitted with.
	farWeight = 30.
)

// A Label is what became known of a rollout: whether it was a regression.
type Label struct {
	Service    string
	Regression bool
	Weight     andon.Number // Verdict.Weight; Unknown if it was not judged by evidence
}

// A Calibration says what the weight of evidence means in probabilities. The
// nil Calibration knows no labels. It is never changed and safe for concurrent
// use.
//
// Without labels, a rollout with a weight of w is a regression with the
// probability that Bayes' rule gives, for one bad rollout in twenty:
//
//	logit P = logit π + w
//
// Labels of a service's rollouts move its π, the mean of Beta(1+bad, 19+good).
// Those of all services together say what weights are worth: logit P = logit π + α + βw,
// with α and β the most probable by the labels where α ~ N(0, 1) and β ~ N(1, ½²) beforehand
// (Platt, Advances in Large Margin Classifiers (1999)). From 200 labels on, what
// that says is replaced by the share of regressions among the labelled whose
// probability is about as large (isotonic regression: Zadrozny and Elkan, KDD
// 2002), joined by straight lines.
type Calibration struct {
	counts      map[string][2]float64 // good and bad of each service
	n           int
	shift       float64
	slope       float64
	centre, out []float64 // log odds by Platt's line, and the log odds that they are; nil below 200 labels
}

// Calibrate learns from labels; one for each rollout.
func Calibrate(labels []Label) *Calibration {
	c := &Calibration{counts: map[string][2]float64{}, n: len(labels), slope: 1}
	for _, l := range labels {
		n := c.counts[l.Service]
		n[b2i(l.Regression)]++
		c.counts[l.Service] = n
	}
	weighed := slices.DeleteFunc(slices.Clone(labels), func(l Label) bool { return !l.Weight.Known() })
	c.platt(weighed)
	if len(weighed) >= minLabels {
		c.isotonic(weighed)
	}
	return c
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Labelled returns how many rollouts are labelled.
func (c *Calibration) Labelled() int {
	if c == nil {
		return 0
	}
	return c.n
}

// Prior returns the share of the service's rollouts that are presumed to be
// regressions, before anything is seen of one.
func (c *Calibration) Prior(service string) float64 {
	var n [2]float64
	if c != nil {
		n = c.counts[service]
	}
	return (1 + n[1]) / (1 + ordinary + n[0] + n[1])
}

// Probability returns the probability that a rollout of the service is a
// regression, by the weight of the evidence: the natural logarithm of how much
// it raises the odds. It never falls as the weight grows; of an infinite
// weight it is 0 or 1, of NaN NaN.
func (c *Calibration) Probability(service string, weight float64) float64 {
	x := logit(c.Prior(service))
	if c == nil || math.IsInf(weight, 0) {
		return logistic(x + weight)
	}
	return logistic(c.recalibrated(x + c.shift + c.slope*weight))
}

// String says what the probabilities rest on.
func (c *Calibration) String() string {
	if c.Labelled() == 0 {
		return "not calibrated on your rollouts"
	}
	return "calibrated on " + andon.Plural(float64(c.Labelled()), "labelled rollout")
}

// platt finds shift and slope by Newton's method; the posterior is log-concave.
func (c *Calibration) platt(labels []Label) {
	a, b := 0., 1.
	for range 50 {
		ga, gb := -a/(plattShift*plattShift), -(b-1)/(plattSlope*plattSlope)
		haa, hab, hbb := 1/(plattShift*plattShift), 0., 1/(plattSlope*plattSlope)
		for _, l := range labels {
			w := bounded(float64(l.Weight))
			p := logistic(logit(c.Prior(l.Service)) + a + b*w)
			r, v := float64(b2i(l.Regression))-p, p*(1-p)
			ga, gb = ga+r, gb+r*w
			haa, hab, hbb = haa+v, hab+v*w, hbb+v*w*w
		}
		det := haa*hbb - hab*hab
		da, db := (hbb*ga-hab*gb)/det, (haa*gb-hab*ga)/det
		// Far from the top a whole step may go beyond it.
		scale := min(1, 2/max(math.Abs(da), math.Abs(db), 1e-300))
		a, b = a+scale*da, b+scale*db
		if math.Abs(da)+math.Abs(db) < 1e-9 {
			break
		}
	}
	c.shift, c.slope = a, max(b, .05) // more evidence never makes a rollout more harmless
}

func bounded(w float64) float64 { return max(-farWeight, min(farWeight, w)) }

// isotonic finds the monotone steps that are nearest to the labels, by pooling
// adjacent violators, and keeps their middles.
func (c *Calibration) isotonic(labels []Label) {
	type step struct{ x, y, n float64 } // sums
	at := func(l Label) float64 {
		return logit(c.Prior(l.Service)) + c.shift + c.slope*bounded(float64(l.Weight))
	}
	sorted := slices.SortedStableFunc(slices.Values(labels), func(a, b Label) int { return cmp.Compare(at(a), at(b)) })
	var steps []step
	for i, l := range sorted {
		x := at(l)
		s := step{x, float64(b2i(l.Regression)) + doubt*logistic(x), 1}
		if i > 0 && at(sorted[i-1]) == x { // of the same evidence there is one probability
			last := &steps[len(steps)-1]
			s = step{last.x + s.x, last.y + s.y, last.n + 1}
			steps = steps[:len(steps)-1]
		}
		for len(steps) > 0 && steps[len(steps)-1].y*s.n >= s.y*steps[len(steps)-1].n {
			last := steps[len(steps)-1]
			s = step{last.x + s.x, last.y + s.y, last.n + s.n}
			steps = steps[:len(steps)-1]
		}
		steps = append(steps, s)
	}
	for _, s := range steps {
		c.centre = append(c.centre, s.x/s.n)
		c.out = append(c.out, logit(s.y/s.n/(1+doubt)))
	}
}

// recalibrated returns the log odds that x by Platt's line are: those of the
// steps, joined by lines; beyond the outermost they go on as x does.
func (c *Calibration) recalibrated(x float64) float64 {
	if len(c.centre) == 0 {
		return x
	}
	i, _ := slices.BinarySearch(c.centre, x)
	switch last := len(c.centre) - 1; {
	case i == 0:
		return c.out[0] + x - c.centre[0]
	case i > last:
		return c.out[last] + x - c.centre[last]
	}
	part := (x - c.centre[i-1]) / (c.centre[i] - c.centre[i-1])
	return c.out[i-1] + part*(c.out[i]-c.out[i-1])
}

func logit(p float64) float64 { return math.Log(p) - math.Log1p(-p) }

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
