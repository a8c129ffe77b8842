package evidence

import (
	"math"
	"strings"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/stat"
)

// driftBins is how many bins before the change make one of the blocks between
// which it is seen how the ratio of two places' rates drifts.
const driftBins = 10

// regionRates is the law of by how much a rate of events changed, where candidate and
// control are in different places, whose rates differ anyhow.
type regionRates struct {
	plain
	signal  andon.Signal
	kind    andon.Kind
	unit    float64 // Failures: what a share of 1 is in the signal's unit
	warm    time.Duration
	novelty float64
	margin  float64
	was     float64 // ln of the ratio of rates before
	change  *stat.RateChange
	scatter *failures       // Failures: says how many trials a node's bin is worth
	within  stat.Dispersion // among control nodes of one place
	across  stat.Dispersion // between the cohorts before the change

	eC, xK, eK float64
	n          int
}

func newRegionRates(s Settings) Law {
	r := &regionRates{
		signal: s.Signal, kind: s.Kind, unit: 1, warm: s.WarmUp / 3, novelty: novelty(s.Signal.Metric, s.Step),
		margin: math.Log1p(s.Signal.MarginOrDefault()),
	}
	if s.Kind == andon.Failures {
		r.scatter = makeFailures(s)
		r.unit = r.scatter.unit
	}
	return r
}

// events returns the events of a sample and the exposure that they are out of;
// where the number of calls is not known, that of one trial a bin.
func (r *regionRates) events(s deviation.Sample) (x, e float64) {
	switch {
	case !deviation.Known(s.Value):
		return 0, 0
	case r.kind == andon.Failures:
		return r.novelty * r.signal.Failures(s.Value), r.novelty
	case r.signal.Worse.Sign() < 0:
		return max(0, 1-s.Value) * s.Exposure, s.Exposure
	}
	return s.Value * s.Exposure, s.Exposure
}

// Learn takes in the rates before the bin first, and how they drift apart by
// themselves: what blocks of ten bins differ by beyond what the events of
// each explain is taken to last.
func (r *regionRates) Learn(cand, ctrl *deviation.Frame, first int64) {
	type block struct{ xC, eC, xK, eK float64 }
	var total block
	blocks := make([]block, deviation.PlaceboBins/driftBins)
	bins := make([]block, deviation.PlaceboBins)
	for i := range bins {
		b := &bins[i]
		b.xC, b.eC = r.sum(cand.SamplesAt(first - deviation.PlaceboBins + int64(i)))
		b.xK, b.eK = r.sum(ctrl.SamplesAt(first - deviation.PlaceboBins + int64(i)))
		r.disperse(ctrl.SamplesAt(first - deviation.PlaceboBins + int64(i)))
		if b.eC > 0 && b.eK > 0 {
			for _, to := range []*block{&total, &blocks[i/driftBins]} {
				to.xC, to.eC, to.xK, to.eK = to.xC+b.xC, to.eC+b.eC, to.xK+b.xK, to.eK+b.eK
			}
		}
	}
	if total.eC == 0 {
		return // how the places differ is not known, and nothing can be told
	}
	ratio := func(b block) (log, variance float64) {
		return math.Log((b.xC + .5) / b.eC * b.eK / (b.xK + .5)), 1/(b.xC+.5) + 1/(b.xK+.5)
	}
	was, sampling := ratio(total)
	for _, b := range bins {
		if b.eC > 0 && b.eK > 0 {
			r.across.Add([]float64{b.xC / r.novelty, b.xK / r.novelty}, []float64{b.eC * math.Exp(was), b.eK})
		}
	}
	phi := r.phi()
	var logs []float64
	expected := 0.
	for _, b := range blocks {
		if b.eC > 0 && b.eK > 0 {
			l, v := ratio(b)
			logs, expected = append(logs, l), expected+phi*v
		}
	}
	drift := 0.
	if n := float64(len(logs)); n > 1 {
		drift = max(0, stat.Variance(logs)-expected/n) * (1 + 1/n)
	}
	r.was = was
	r.change = stat.NewRateChange(r.margin, was, phi*sampling+drift)
}

func (r *regionRates) sum(all []deviation.Sample) (x, e float64) {
	for _, s := range all {
		dx, de := r.events(s)
		x, e = x+dx, e+de
	}
	return x, e
}

// disperse takes in the scatter among control nodes of the same place.
func (r *regionRates) disperse(ctrl []deviation.Sample) {
	x, e := map[string][]float64{}, map[string][]float64{}
	for _, s := range ctrl {
		if dx, de := r.events(s); de > 0 {
			p := strings.Join(s.Places, "\x00")
			x[p], e[p] = append(x[p], dx/r.novelty), append(e[p], de/r.novelty)
		}
	}
	for _, p := range andon.SortedKeys(x) {
		r.within.Add(x[p], e[p])
	}
}

// phi returns how much more than independent events those seen scatter.
func (r *regionRates) phi() float64 { return max(r.within.Phi(), r.across.Phi()) }

func (r *regionRates) Fold(b Bin, cand, ctrl []deviation.Sample) {
	if r.change == nil {
		return
	}
	phi := r.phi()
	warm := cand[:0:0]
	for _, s := range cand {
		if b.At.Sub(s.First) >= r.warm {
			warm = append(warm, s)
		}
	}
	xC, eC := r.sum(warm)
	xK, eK := r.sum(ctrl)
	if r.scatter != nil {
		n := r.scatter.exposure() // of earlier bins
		xC, eC, xK, eK = n*xC, n*eC, n*xK, n*eK
		r.scatter.Fold(b, cand, ctrl)
	}
	if eC > 0 && eK > 0 {
		r.change.Add(xC, eC, xK, eK, phi)
		r.eC, r.xK, r.eK = r.eC+eC, r.xK+xK, r.eK+eK
		r.n++
	}
	r.disperse(ctrl)
}

func (r *regionRates) LogE() float64 {
	if r.change == nil {
		return 0
	}
	return r.change.LogE()
}

func (r *regionRates) Odds() Odds {
	return Odds{Log: r.LogE(), Events: r.kind == andon.Counts || r.kind == andon.Crashes}
}

func (r *regionRates) Reach() Reach { return Reach{Bins: r.n, Needed: MinBins} }

func (r *regionRates) StillNeeds() string {
	if r.change == nil {
		return "no samples from before the change, from the changed regions and from elsewhere at the same time"
	}
	return ""
}

func (r *regionRates) Contrast(since Effect) Contrast {
	return since.against(r.expected(since.control.value()))
}

func (r *regionRates) Smallest(logE float64) float64 {
	if r.change == nil || !(r.eC > 0) {
		return math.NaN()
	}
	usual := math.Exp(r.was) * r.xK / r.eK
	d := stat.Smallest(usual, doublings, halvings, func(rate float64) bool {
		c := r.change.Empty()
		c.Add(rate*r.eC, r.eC, r.xK, r.eK, r.phi())
		return c.LogE() >= logE
	}) - usual
	if r.kind == andon.Failures && usual+d > 1 {
		return math.NaN() // not even if every call had been lost
	}
	return r.unit * r.signal.Worse.Sign() * d
}

// expected returns what candidate would show had it changed as control did.
func (r *regionRates) expected(control float64) float64 {
	if r.change == nil {
		return control
	}
	if r.kind == andon.Failures || r.signal.Worse.Sign() < 0 {
		share := r.signal.Failures(control)
		if r.kind == andon.Counts {
			share = 1 - control
		}
		share = min(1, share*math.Exp(r.was))
		if r.signal.Worse.Sign() < 0 {
			share = 1 - share
		}
		return r.unit * share
	}
	return control * math.Exp(r.was)
}
