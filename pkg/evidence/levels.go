package evidence

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/stat"
)

// MinBins is how many bins since the change a comparison of levels needs, and
// a candidate node to take part in it.
const MinBins = 3

// levels is the law of the levels of a continuous signal.
//
// What nodes share at a time must not pass for a difference between those that
// were there then and those that were not: candidate nodes join one after the
// other, while control nodes leave. A candidate's level is therefore the mean of
// how far its samples lie from what control shows in the same bins.
type levels struct {
	plain
	kind      andon.Kind
	strategy  andon.Strategy
	unit      string
	worse     andon.Direction
	warm      time.Duration
	step      time.Duration
	margin    float64 // transformed; of Value a share of control's level
	minEffect float64 // standard deviations that count

	lessons     []andon.Lesson // of rollouts that passed before
	signal      string
	fresh       bool      // fresh nodes may differ, and by how much is learnt
	marks       []float64 // by how much candidate differed at lessonLooks
	noise       stat.Noise
	before      []float64               // levels of control nodes
	own         map[string]float64      // the same by node
	since       map[string][]float64    // samples of control nodes since the change, where there are none from before
	candidate   map[string]*runningMean // how far each node lies from control in the same bins
	control     map[string]*runningMean
	apart       map[string]*runningMean // how far each control node lies from all of them
	peers       runningMean             // mean of 1/(number of control nodes), over the samples of candidate
	maxControl  int                     // control nodes in one bin
	n           int
	shift       stat.Shift
	counter     stat.Shift // with the signs turned
	fixedMargin float64
	e           float64
	chance      stat.WedgeNoise // as in the last comparison
}

func newLevels(s Settings) Law {
	l := &levels{
		kind: s.Kind, strategy: s.Strategy, unit: strings.ToLower(s.Signal.Unit), worse: s.Signal.Worse, warm: s.WarmUp, step: s.Step,
		margin: s.Signal.MarginOrDefault(), minEffect: s.Sensitivity.MinEffect(),
		signal: s.Signal.Name, fresh: s.learnsFresh(),
		candidate: map[string]*runningMean{}, control: map[string]*runningMean{}, apart: map[string]*runningMean{},
		since: map[string][]float64{}, own: map[string]float64{},
	}
	if l.kind.Scale() != andon.LinearScale {
		l.margin = math.Log1p(l.margin)
	}
	if l.fresh {
		l.lessons = s.Lessons
	}
	return l
}

// Learn takes the noise and the levels of control from before the bin first,
// from samples of warm nodes if at least two have such.
func (l *levels) Learn(_, ctrl *deviation.Frame, first int64) {
	past := ctrl.Slice(deviation.GridSpan{First: first - deviation.PlaceboBins, Last: first - 1})
	rows := l.levels(past, true)
	if len(rows) < 2 {
		rows = l.levels(past, false)
	}
	l.noise = stat.NoiseOf(rows)
	l.fixedMargin = l.margin
	if l.kind.Scale() == andon.LinearScale {
		l.fixedMargin = max(1e-9, l.margin*math.Abs(stat.Mean(l.before)))
	}
}

// levels makes before the levels of the nodes of past and returns the samples
// that they are means of; if warm, without those that a node which came up
// within past had during its warm-up.
func (l *levels) levels(past *deviation.Frame, warm bool) (rows [][]float64) {
	l.before = nil
	clear(l.own)
	for _, name := range past.Nodes() {
		x := make([]float64, past.Width)
		for i, v := range past.Rows[name].Values {
			x[i] = deviation.Transform(l.kind, l.unit, v)
		}
		if warm {
			l.coldOut(past.Rows[name], x)
		}
		if level := stat.Mean(x); deviation.Known(level) {
			rows, l.before, l.own[name] = append(rows, x), append(l.before, level), level
		}
	}
	return rows
}

// Fold takes in one bin. Without a sample of control it tells nothing, whatever
// candidate does: a change of load would show on candidate alone.
func (l *levels) Fold(b Bin, cand, ctrl []deviation.Sample) {
	together, nodes := l.together(ctrl)
	l.maxControl = max(l.maxControl, nodes)
	// The last of several control nodes is on its way out: what it shows while it
	// is drained tells nothing of the candidate.
	if nodes == 0 || nodes == 1 && l.maxControl > 1 {
		return
	}
	if b.At.Sub(b.Stage) >= l.warm {
		for _, s := range ctrl {
			v := deviation.Transform(l.kind, l.unit, s.Value)
			if !deviation.Known(v) {
				continue
			}
			level(l.control, s.Node).add(v)
			level(l.apart, s.Node).add(v - together)
			if len(l.before) < 2 && len(l.since[s.Node]) < deviation.PlaceboBins {
				l.since[s.Node] = append(l.since[s.Node], v)
			}
		}
	}
	compared := false
	for _, s := range cand {
		if v := deviation.Transform(l.kind, l.unit, s.Value); deviation.Known(v) && b.At.Sub(s.First) >= l.warm {
			level(l.candidate, s.Node).add(v - together)
			l.peers.add(1 / float64(nodes))
			compared = true
		}
	}
	if compared {
		l.n++
		l.weigh()
	}
}

// together returns what the control nodes show in a bin, and how many do: their
// mean, each less what sets it apart from the others, which is known of those that
// were there before the change, so that it does not move when some of them leave.
func (l *levels) together(ctrl []deviation.Sample) (mean float64, nodes int) {
	var all, settled runningMean
	usual := stat.Mean(l.before)
	for _, s := range ctrl {
		v := deviation.Transform(l.kind, l.unit, s.Value)
		if !deviation.Known(v) {
			continue
		}
		all.add(v)
		if was, ok := l.own[s.Node]; ok {
			settled.add(v - was + usual)
		}
	}
	if settled.n > 0 {
		return settled.mean, settled.n
	}
	return all.mean, all.n
}

func level(m map[string]*runningMean, node string) *runningMean {
	if m[node] == nil {
		m[node] = &runningMean{}
	}
	return m[node]
}

// weigh compares the levels as they stand.
func (l *levels) weigh() {
	if l.n < MinBins {
		return
	}
	if l.kind.Scale() == andon.LinearScale && len(l.before) < 2 {
		l.fixedMargin = max(1e-9, l.margin*math.Abs(l.controlMean()))
	}
	if i := len(l.marks); i < len(lessonLooks) && l.n >= lessonLooks[i] {
		l.marks = append(l.marks, levelsMean(l.candidate))
	}
	sign := l.worse.Sign()
	one := l.compare(sign)
	if math.IsNaN(one.LogE) {
		return
	}
	l.shift, l.e = one, one.LogE
	if l.worse == andon.Both {
		// The mean of two one-sided e-values is one.
		l.counter = l.compare(-sign)
		l.e = stat.LogMean([]float64{one.LogE, l.counter.LogE}, []float64{1, 1})
	}
}

func (l *levels) compare(sign float64) stat.Shift {
	centre := l.controlMean()
	levelsOf := func(m map[string]*runningMean, from float64, minSamples int) []float64 {
		var out []float64
		for _, name := range andon.SortedKeys(m) {
			if m[name].n >= minSamples {
				out = append(out, sign*(centre+m[name].mean-from))
			}
		}
		return out
	}
	levels := stat.Levels{
		Noise: l.noise, Samples: float64(l.n), Before: l.before, ControlWeight: l.peers.value(),
		After: levelsOf(l.apart, levelsMean(l.apart), 1), Candidate: levelsOf(l.candidate, 0, MinBins), Margin: l.fixedMargin, MinDeviations: l.minEffect,
	}
	for _, name := range andon.SortedKeys(l.candidate) {
		if n := l.candidate[name].n; n >= MinBins {
			levels.CandidateSamples = append(levels.CandidateSamples, float64(n))
		}
	}
	if len(l.before) < 2 {
		levels.Noise, levels.Before = l.noiseSince(), levels.After
	}
	levels.Offset = fromLessons(l.lessons, l.signal, l.n)
	levels.Offset.Mean *= sign
	sh := levels.Shift()
	noise := levels.Noise
	if math.IsNaN(noise.Variance) {
		noise = stat.Noise{Variance: sh.Spread}
	}
	// A floor, as Shift has it: nodes that agree to the last digit.
	noise.Variance = max(noise.Variance, 1e-12, 1e-8*l.fixedMargin*l.fixedMargin)
	l.chance = stat.WedgeNoise{
		Noise:   noise,
		Node:    sh.Spread,
		Freedom: sh.Freedom,
		Scale:   max(sh.Margin, 2*math.Sqrt(sh.Spread)),
	}
	return sh
}

// noiseSince returns the noise of control since the change, for services that
// were not watched before it.
func (l *levels) noiseSince() stat.Noise {
	var rows [][]float64
	for _, name := range andon.SortedKeys(l.since) {
		rows = append(rows, l.since[name])
	}
	return stat.NoiseOf(rows)
}

func (l *levels) LogE() float64 { return l.e }

func (l *levels) Odds() Odds { return Odds{Log: l.e} }

func (l *levels) Reach() Reach {
	if l.shift.Variance > 0 || l.n < MinBins {
		return Reach{Bins: l.n, Needed: MinBins}
	}
	return Reach{Needed: MinBins}
}

func (l *levels) StillNeeds() string {
	if n := max(len(l.before), len(l.control)); n < 2 {
		needs := l.strategy.Sides().Control.Count(2)
		if n == 0 {
			return fmt.Sprintf("needs %s, to know how far nodes differ anyway; there was none", needs)
		}
		return fmt.Sprintf("needs %s, to know how far nodes differ anyway; there was only 1", needs)
	}
	return ""
}

// Teach tells by how much fresh nodes differed, where they may.
func (l *levels) Teach(to *andon.Lesson) {
	if len(l.marks) == 0 || !l.fresh {
		return
	}
	if to.Levels == nil {
		to.Levels = map[string][]float64{}
	}
	to.Levels[l.signal] = slices.Clone(l.marks)
}

func (l *levels) SampleReader() sampleReader {
	return sampleReader{
		Value:  func(s deviation.Sample) (float64, float64) { return deviation.Transform(l.kind, l.unit, s.Value), 1 },
		levels: true, warm: l.warm,
	}
}

func (l *levels) Explains(a *Adoption, change int) float64 {
	sign := l.worse.Sign()
	e := a.wedge.LogE(change, sign, l.chance)
	if l.worse == andon.Both {
		e = stat.LogMean([]float64{e, a.wedge.LogE(change, -sign, l.chance)}, []float64{1, 1})
	}
	return e
}

func (l *levels) Smallest(logE float64) float64 {
	d := l.shift.Smallest(logE)
	if l.kind.Scale() == andon.LinearScale {
		return l.worse.Sign() * d
	}
	return math.Exp(l.controlMean()) * math.Expm1(l.worse.Sign()*d)
}

func (l *levels) controlMean() float64 { return levelsMean(l.control) }

// levelsMean returns the mean of the levels of nodes.
func levelsMean(m map[string]*runningMean) float64 {
	var levels []float64
	for _, name := range andon.SortedKeys(m) {
		levels = append(levels, m[name].mean)
	}
	return stat.Mean(levels)
}

// coldOut takes out of x the samples of a node that came up within them, for as
// long as the warm-up, as is done on candidate.
func (l *levels) coldOut(r *deviation.Row, x []float64) {
	up := 0
	for up < len(r.Seen) && !r.Seen[up] {
		up++
	}
	if up == 0 {
		return
	}
	for i := up; i < len(x) && time.Duration(i-up)*l.step < l.warm; i++ {
		x[i] = math.NaN()
	}
}
