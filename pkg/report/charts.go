package report

import (
	"cmp"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
)

// Deviations from here on are shown as worth a look and as bad, in standard
// deviations of control. They colour the chart; the evidence decides.
const (
	warnSigma = 2
	haltSigma = 3
)

// maxNodes is how many nodes one chart shows, those that stray furthest.
const maxNodes = 6

// marksOf returns the times to mark for a rollout.
func marksOf(ro andon.Rollout) []mark {
	m := []mark{{at: ro.Started, text: "start", main: true}}
	for i, s := range ro.Stages {
		text := fmt.Sprintf("stage %d", i+1)
		if s.Equal(ro.Started) {
			m[0].text = "start, " + text
			continue
		}
		m = append(m, mark{at: s, text: text})
	}
	if !ro.Ended.IsZero() {
		m = append(m, mark{at: ro.Ended, text: "end"})
	}
	slices.SortStableFunc(m, func(a, b mark) int { return a.at.Compare(b.at) })
	return m
}

// evidenceChart draws evidence over time on a logarithmic scale; empty if
// there are fewer than two points.
func evidenceChart(p Page) template.HTML {
	if len(p.Trail) < 2 {
		return ""
	}
	times, values := make([]float64, len(p.Trail)), make([]float64, len(p.Trail))
	line := math.Log10(p.Service.Sensitivity.Needs(p.Verdict.Strategy))
	lo, hi := -1.0, line+1
	for i, at := range p.Trail {
		times[i], values[i] = seconds(at.At), at.Log/math.Ln10
		if !math.IsNaN(values[i]) {
			lo, hi = math.Min(lo, values[i]), math.Max(hi, values[i])
		}
	}
	// Evidence beyond any doubt must not press the rest flat.
	lo, hi = math.Max(lo, -6), math.Min(hi+.2, line+6)
	c := newCanvas(p.Trail[0].At, p.Trail[len(p.Trail)-1].At, lo, hi)
	c.zone("haltzone", line, hi)
	c.axes(oddsTicks(lo, hi, 6), "evidence that the rollout made it worse")
	c.line("halt", left, c.y(line), width-right, c.y(line))
	c.text("halttext", "start", left+6, c.y(line)-5, "fails at "+odds(andon.Number(math.Pow(10, line))))
	marks := marksOf(p.Rollout)
	if p.Verdict.FirstFail != nil {
		marks = append(marks, mark{at: *p.Verdict.FirstFail, text: "first fail", main: true})
		slices.SortStableFunc(marks, func(a, b mark) int { return a.at.Compare(b.at) })
	}
	c.marks(marks)
	c.curve("s0", "evidence", times, values, math.Inf(1))
	return c.svg("Evidence over time on a logarithmic scale, with the line above which the rollout fails")
}

// A line is one node's series as it is drawn.
type line struct {
	Node  string
	Class string
	d     deviation.Deviation
	times []float64
	gap   float64
}

// lines returns the nodes to draw, first the one named, then those that stray
// furthest.
func lines(all []deviation.Deviation, first string) []line {
	maxSigma := func(d deviation.Deviation) float64 {
		m := math.Inf(-1)
		for _, s := range d.Sigma {
			if !math.IsNaN(s) {
				m = math.Max(m, s)
			}
		}
		return m
	}
	sorted := make([]deviation.Deviation, 0, len(all))
	for _, d := range all {
		if len(d.Times) > 0 {
			sorted = append(sorted, padded(d))
		}
	}
	slices.SortStableFunc(sorted, func(a, b deviation.Deviation) int {
		switch {
		case a.Node == first && b.Node != first:
			return -1
		case b.Node == first && a.Node != first:
			return 1
		}
		return cmp.Compare(maxSigma(b), maxSigma(a))
	})
	var out []line
	for _, d := range sorted {
		if len(out) == maxNodes {
			break
		}
		l := line{Node: d.Node, d: thin(d, 400)}
		for _, t := range l.d.Times {
			l.times = append(l.times, seconds(t))
		}
		l.gap = gapOf(l.times)
		out = append(out, l)
	}
	return out
}

// gapOf returns the distance beyond which two points are not joined: a little
// more than twice the usual one.
func gapOf(times []float64) float64 {
	if len(times) < 3 {
		return math.Inf(1)
	}
	steps := make([]float64, len(times)-1)
	for i := range steps {
		steps[i] = times[i+1] - times[i]
	}
	slices.Sort(steps)
	return 2.1 * steps[len(steps)/2]
}

// span returns the first time at which a line or control is known, and the
// last time of the lines.
func span(ls []line) (from, to time.Time) {
	for _, l := range ls {
		for i, t := range l.d.Times {
			if math.IsNaN(l.d.Value[i]) && math.IsNaN(l.d.Centre[i]) {
				continue
			}
			if from.IsZero() || t.Before(from) {
				from = t
			}
			break
		}
		if b := l.d.Times[len(l.d.Times)-1]; b.After(to) {
			to = b
		}
	}
	if from.IsZero() {
		from = ls[0].d.Times[0]
	}
	return from, to
}

// A palette gives each node of a page the same colour in all charts.
type palette map[string]int

// paint sets the lines' classes. Nodes that one chart shows get different ones,
// even if there are more nodes than colours.
func (p palette) paint(ls []line) {
	taken := make(map[int]bool)
	for i := range ls {
		n, ok := p[ls[i].Node]
		if !ok {
			n = len(p) % maxNodes
			p[ls[i].Node] = n
		}
		for taken[n] {
			n = (n + 1) % maxNodes
		}
		taken[n] = true
		ls[i].Class = fmt.Sprintf("s%d", n)
	}
}

// sigmaChart draws the deviation of the nodes; clamped says that it goes
// beyond the chart.
func sigmaChart(ls []line, ro andon.Rollout, name string) (chart template.HTML, clamped bool) {
	lo, hi := -3.0, 5.0
	for _, l := range ls {
		for _, s := range l.d.Sigma {
			if !math.IsNaN(s) {
				lo, hi = math.Min(lo, s), math.Max(hi, s)
			}
		}
	}
	lo, hi = math.Max(lo*1.05, -12), math.Min(hi*1.05, 24)
	from, to := span(ls)
	c := newCanvas(from, to, lo, hi)
	c.zone("warnzone", warnSigma, haltSigma)
	c.zone("haltzone", haltSigma, hi)
	c.axes(valueTicks(lo, hi, 5), "deviation, σ of control")
	c.marks(marksOf(ro))
	for i := len(ls) - 1; i >= 0; i-- { // the first on top
		c.curve(ls[i].Class, ls[i].Node, ls[i].times, ls[i].d.Sigma, ls[i].gap)
	}
	return c.svg("Deviation of " + name + " from control over time, in standard deviations"), c.clamped
}

// wholes are the greatest values of shares, by unit.
var wholes = map[string]float64{"ratio": 1, "percent": 100, "%": 100}

// valueChart draws the nodes' own values over control's band.
func valueChart(ls []line, ro andon.Rollout, s andon.Signal) template.HTML {
	lo, hi := extent(ls, wholes[strings.ToLower(s.Unit)])
	if math.IsInf(lo, 0) || math.IsInf(hi, 0) {
		return ""
	}
	pad := .06 * (hi - lo)
	if pad == 0 {
		pad = math.Max(math.Abs(hi)*.1, 1e-9)
	}
	if lo >= 0 && lo-pad < 0 {
		lo = 0
	} else {
		lo -= pad
	}
	from, to := span(ls)
	c := newCanvas(from, to, lo, hi+pad)
	what := s.Name
	if s.Unit != "" {
		what += ", " + s.Unit
	}
	c.band(ls[0].times, ls[0].d.Low, ls[0].d.High, ls[0].gap)
	c.axes(valueTicks(c.lo, c.hi, 5), what)
	c.marks(marksOf(ro))
	c.curve("centre", "control", ls[0].times, ls[0].d.Centre, ls[0].gap)
	for i := len(ls) - 1; i >= 0; i-- {
		c.curve(ls[i].Class, ls[i].Node, ls[i].times, ls[i].d.Value, ls[i].gap)
	}
	return c.svg("Values of " + s.Name + " over time, with the range of control")
}

// extent returns the minimum and maximum value to show: all of the nodes'
// values, and of control's band what neither presses them flat nor is more
// than the whole, if that is above 0 and no value is more.
func extent(ls []line, padded float64) (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	take := func(vs []float64) {
		for _, v := range vs {
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				lo, hi = math.Min(lo, v), math.Max(hi, v)
			}
		}
	}
	for _, l := range ls {
		take(l.d.Value)
	}
	take(ls[0].d.Centre)
	a, b := lo, hi
	take(ls[0].d.Low)
	take(ls[0].d.High)
	if room := 1.5 * (b - a); room > 0 {
		lo, hi = math.Max(lo, a-room), math.Min(hi, b+room)
	}
	if padded > 0 && b <= padded {
		hi = math.Min(hi, padded)
	}
	return lo, hi
}
