package evidence

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/stat"
)

// startUps is the law of what nodes show in their first minutes, against what other
// start-ups showed in theirs: those of control nodes that came up within the
// history or since, and those of earlier rollouts that passed.
type startUps struct {
	plain
	signal    andon.Signal
	kind      andon.Kind
	unit      string
	warm      time.Duration
	step      time.Duration
	margin    float64
	minEffect float64
	events    bool // counts and failures; else levels

	candidate starts
	control   starts
	past      []andon.StartUp
	shift     stat.Shift
	e         float64
	between   float64 // standard deviation of the ln of the ratio of rates without a change
	phi       float64 // how much more than independent events those of start-ups scatter
	n         int
}

// starts are the start-ups of some nodes.
type starts struct {
	first map[string]time.Time
	level map[string]*runningMean
	x, e  map[string]float64
}

func newStarts() starts {
	return starts{map[string]time.Time{}, map[string]*runningMean{}, map[string]float64{}, map[string]float64{}}
}

func newStartUps(s Settings) Law {
	w := &startUps{
		signal: s.Signal, kind: s.Kind, unit: strings.ToLower(s.Signal.Unit), warm: max(s.WarmUp, s.Step), step: s.Step,
		margin: s.Signal.MarginOrDefault(), minEffect: s.Sensitivity.MinEffect(), events: s.Kind == andon.Counts || s.Kind == andon.Crashes || s.Kind == andon.Failures,
		candidate: newStarts(), control: newStarts(),
	}
	if s.Kind.Scale() != andon.LinearScale {
		w.margin = math.Log1p(w.margin)
	}
	for _, l := range s.Lessons {
		if p, ok := l.StartUps[s.Signal.Name]; ok && (w.events && p.Exposure > 0 || !w.events && p.Level.Known()) {
			w.past = append(w.past, p)
		}
	}
	return w
}

// Learn takes in the start-ups of control nodes before the bin first. A node
// that is there from the first bin asked for came up before, nobody knows when.
func (w *startUps) Learn(_, ctrl *deviation.Frame, first int64) {
	for bin := ctrl.First; bin < first; bin++ {
		w.control.take(w, deviation.BinTime(bin, w.step), ctrl.SamplesAt(bin), bin == ctrl.First)
	}
}

// take takes in one bin of nodes; those that are old are passed over for good.
func (s *starts) take(w *startUps, at time.Time, all []deviation.Sample, old bool) {
	for _, x := range all {
		first, seen := s.first[x.Node]
		if !seen {
			first = at
			if old {
				first = at.Add(-w.warm)
			}
			s.first[x.Node] = first
		}
		if at.Sub(first) < w.warm {
			s.add(w, x)
		}
	}
}

// add takes in a sample of a start-up. A start-up is one trial of what is a
// ratio of an unknown number of calls.
func (s *starts) add(w *startUps, x deviation.Sample) {
	if !deviation.Known(x.Value) {
		return
	}
	switch share := float64(w.step) / float64(w.warm); {
	case w.kind == andon.Failures:
		s.x[x.Node] += share * w.signal.Failures(x.Value)
		s.e[x.Node] += share
	case (w.kind == andon.Counts || w.kind == andon.Crashes) && w.signal.Worse.Sign() < 0:
		s.x[x.Node] += max(0, 1-x.Value) * x.Exposure
		s.e[x.Node] += x.Exposure
	case w.kind == andon.Counts, w.kind == andon.Crashes:
		s.x[x.Node] += x.Value * x.Exposure
		s.e[x.Node] += x.Exposure
	default:
		if g := deviation.Transform(w.kind, w.unit, x.Value); deviation.Known(g) {
			level(s.level, x.Node).add(g)
		}
	}
}

func (w *startUps) Fold(b Bin, cand, ctrl []deviation.Sample) {
	w.control.take(w, b.At, ctrl, false)
	starting := false
	for _, x := range cand {
		if b.At.Sub(x.First) < w.warm {
			w.candidate.add(w, x)
			starting = true
		}
	}
	if starting {
		w.weigh()
	}
}

func (w *startUps) weigh() {
	if w.events {
		w.weighEvents()
		return
	}
	s := stat.Sample{Control: w.levels(), Margin: w.margin, MinDeviations: w.minEffect, OneOccasion: len(w.past) > 0, MinSigma: .02}
	for _, name := range andon.SortedKeys(w.candidate.level) {
		s.Candidate = append(s.Candidate, w.candidate.level[name].mean)
	}
	if w.kind.Scale() == andon.LinearScale {
		s.Margin = max(1e-9, w.margin*math.Abs(stat.Mean(s.Control)))
		s.MinSigma = max(1e-9, .02*math.Abs(stat.Mean(s.Control)))
	}
	turned := func(sign float64) stat.Shift {
		t := s
		t.Candidate, t.Control = scaledBy(sign, s.Candidate), scaledBy(sign, s.Control)
		return t.Shift()
	}
	sign := w.signal.Worse.Sign()
	one := turned(sign)
	if math.IsNaN(one.LogE) {
		return
	}
	w.n++
	w.shift, w.e = one, one.LogE
	if w.signal.Worse == andon.Both {
		w.e = stat.LogMean([]float64{one.LogE, turned(-sign).LogE}, []float64{1, 1})
	}
}

func scaledBy(f float64, x []float64) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = f * v
	}
	return out
}

// levels returns the level of each start-up that there is to compare with: of
// a control node, or of a rollout.
func (w *startUps) levels() []float64 {
	var out []float64
	for _, name := range andon.SortedKeys(w.control.level) {
		out = append(out, w.control.level[name].mean)
	}
	for _, p := range w.past {
		out = append(out, float64(p.Level))
	}
	return out
}

// weighEvents weighs the events of the candidate's start-ups against all those
// of others, on the whole: the ratio of two predictive probabilities, with a
// gamma distribution for the rate that the others leave.
func (w *startUps) weighEvents() {
	xC, eC := eventsOf(w.candidate)
	xs, es := w.others()
	xK, eK := .5, 0.
	var scatter stat.Dispersion
	scatter.Add(xs, es)
	for i := range xs {
		xK, eK = xK+xs[i], eK+es[i]
	}
	if !(eC > 0) || !(eK > 0) {
		return
	}
	c := stat.NewCounts(w.margin)
	w.phi = scatter.Phi()
	c.AddTempered(xC, eC, xK, eK, w.phi)
	w.n++
	w.between = stat.Spread(xs, es, w.phi, .975) * math.Sqrt(1/float64(len(w.candidate.e))+1/float64(len(xs)))
	w.e = c.LogEBetween(w.between)
}

// others returns the events and the exposure of each start-up to compare with.
func (w *startUps) others() (x, e []float64) {
	for _, name := range andon.SortedKeys(w.control.e) {
		x, e = append(x, w.control.x[name]), append(e, w.control.e[name])
	}
	for _, p := range w.past {
		x, e = append(x, p.Events), append(e, p.Exposure)
	}
	return x, e
}

func eventsOf(s starts) (x, e float64) {
	for _, name := range andon.SortedKeys(s.e) {
		x, e = x+s.x[name], e+s.e[name]
	}
	return x, e
}

func (w *startUps) LogE() float64 { return w.e }

func (w *startUps) Odds() Odds {
	return Odds{Log: w.e, Events: w.kind == andon.Counts || w.kind == andon.Crashes}
}

// Reach is all that is needed as soon as anything was compared, since a start-up
// is over after a few bins.
func (w *startUps) Reach() Reach {
	if w.n > 0 {
		return Reach{Bins: MinBins, Needed: MinBins}
	}
	return Reach{Needed: MinBins}
}

func (w *startUps) StillNeeds() string {
	others := len(w.levels())
	if w.events {
		xs, _ := w.others()
		others = len(xs)
	}
	return fmt.Sprintf("needs 2 earlier start-ups to compare with, of old nodes or of earlier rollouts; there were %d", others)
}

func (w *startUps) Smallest(logE float64) float64 {
	sign := w.signal.Worse.Sign()
	if w.events {
		_, eC := eventsOf(w.candidate)
		xs, es := w.others()
		return sign * smallestRate(w.margin, logE, w.between, w.phi, [3]float64{eC, sum(xs) + .5, sum(es)})
	}
	d := sign * w.shift.Smallest(logE)
	if w.kind.Scale() == andon.LinearScale {
		return d
	}
	return math.Exp(stat.Mean(w.levels())) * math.Expm1(d)
}

func sum(x []float64) float64 {
	s := 0.
	for _, v := range x {
		s += v
	}
	return s
}

// Contrast is of start-ups: those to compare with, and the candidate's.
func (w *startUps) Contrast(Effect) Contrast {
	from, to := w.means()
	return Contrast{From: from, To: to, Effect: to - from, When: " at start-up"}
}

// means returns what start-ups to compare with showed, and what the candidate's
// do, in the signal's unit.
func (w *startUps) means() (from, to float64) {
	if !w.events {
		return deviation.Inverse(w.kind, w.unit, stat.Mean(w.levels())), deviation.Inverse(w.kind, w.unit, levelsMean(w.candidate.level))
	}
	xs, es := w.others()
	xC, eC := eventsOf(w.candidate)
	from, to = sum(xs)/sum(es), xC/eC
	if w.signal.Worse.Sign() < 0 {
		from, to = 1-from, 1-to
	}
	if w.kind == andon.Failures && andon.IsPercent(w.unit) {
		from, to = 100*from, 100*to
	}
	return from, to
}

// Teach tells what the candidate's start-ups showed.
func (w *startUps) Teach(to *andon.Lesson) {
	m := levelsMean(w.candidate.level)
	showed, ok := andon.StartUp{Level: andon.Number(m)}, deviation.Known(m)
	if w.events {
		x, e := eventsOf(w.candidate)
		showed, ok = andon.StartUp{Level: andon.Unknown, Events: x, Exposure: e}, e > 0
	}
	if !ok {
		return
	}
	if to.StartUps == nil {
		to.StartUps = map[string]andon.StartUp{}
	}
	to.StartUps[w.signal.Name] = showed
}
