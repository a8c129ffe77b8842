package judge

import (
	"fmt"
	"math"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/evidence"
	"github.com/andon-project/andon/pkg/stat"
)

// maxPlaces is how many values of one label are told apart.
const maxPlaces = 20

// A place is one value of a label of Service.Scope.
type place struct {
	label int // of Service.Scope
	value string

	came, left time.Time // when a candidate node was first seen there, and a control node last
	logE, peak float64
	reason     string // why it failed; "" if it has not
}

// A part is what one signal shows in one place.
type part struct {
	place  *place
	law    evidence.Law
	bounds evidence.Bounds
	breach string
	effect evidence.Effect

	candidate, control int // samples
	last               time.Time
}

// places are those of a rollout, in order of appearance.
type places struct {
	*subject
	metrics metricSignals
	all     map[string]*place // by label and value
	list    []*place
	more    map[int]int // values of a label beyond maxPlaces
	parts   map[*metricSignal][]*part
}

// newPlaces has each place take in the samples that lie there. They are those of
// the whole, so that no question is asked for it.
func newPlaces(s *subject, metrics metricSignals) *places {
	p := &places{subject: s, metrics: metrics, all: map[string]*place{}, more: map[int]int{}, parts: map[*metricSignal][]*part{}}
	for _, t := range metrics {
		t.onFold = append(t.onFold, func(b evidence.Bin, cand, ctrl []deviation.Sample) { p.fold(t, b, cand, ctrl) })
	}
	return p
}

// place returns the one of a value of a label, nil if there are too many.
func (c *places) place(label int, value string) *place {
	key := fmt.Sprint(label, " ", value)
	if known, ok := c.all[key]; ok {
		return known
	}
	n := 0
	for _, o := range c.list {
		if o.label == label {
			n++
		}
	}
	if n >= maxPlaces {
		c.all[key] = nil
		c.more[label]++
		return nil
	}
	at := &place{label: label, value: value}
	c.all[key] = at
	c.list = append(c.list, at)
	return at
}

// fold has each part of a signal take in the samples of its place.
func (c *places) fold(t *metricSignal, b evidence.Bin, cand, ctrl []deviation.Sample) {
	for label := range c.service.Scope {
		apart := func(all []deviation.Sample, note func(p *place)) map[string][]deviation.Sample {
			out := map[string][]deviation.Sample{}
			for _, s := range all {
				if v := s.Places[label]; v != "" {
					out[v] = append(out[v], s)
					if p := c.place(label, v); p != nil && deviation.Known(s.Value) {
						note(p)
					}
				}
			}
			return out
		}
		here := apart(cand, func(p *place) {
			if p.came.IsZero() {
				p.came = b.At
			}
		})
		controls := apart(ctrl, func(p *place) { p.left = b.At })
		for _, p := range c.list {
			if p.label != label || len(here[p.value])+len(controls[p.value]) == 0 {
				continue
			}
			control := controls[p.value]
			if c.strategy == andon.RegionControl {
				control = ctrl // the nodes elsewhere
			}
			c.part(t, p).fold(b, here[p.value], control)
		}
	}
}

// part returns a signal's part in a place.
func (c *places) part(t *metricSignal, p *place) *part {
	for _, known := range c.parts[t] {
		if known.place == p {
			return known
		}
	}
	made := &part{place: p, law: evidence.NewLaw(t.Settings), bounds: evidence.Bounds{Signal: t.Signal}}
	there := func(f *deviation.Frame) *deviation.Frame {
		out := &deviation.Frame{First: f.First, Width: f.Width, Rows: map[string]*deviation.Row{}}
		for name, r := range f.Rows {
			if len(r.Places) > p.label && r.Places[p.label] == p.value {
				out.Rows[name] = r
			}
		}
		return out
	}
	past := there(t.ctrl)
	if c.strategy == andon.RegionControl {
		past = t.ctrl
	}
	made.law.Learn(there(t.cand), t.past(past), t.next)
	c.parts[t] = append(c.parts[t], made)
	return made
}

func (p *part) fold(b evidence.Bin, cand, ctrl []deviation.Sample) {
	for _, s := range cand {
		p.bounds.Fold(b.At, s.Node, s.Raw)
		if deviation.Known(s.Value) {
			p.candidate++
			p.last = b.At
		}
	}
	for _, s := range ctrl {
		if deviation.Known(s.Value) {
			p.control++
		}
	}
	if p.breach == "" {
		p.breach = p.bounds.Breached(cand, b.At)
	}
	p.effect.Fold(cand, ctrl)
	p.law.Fold(b, cand, ctrl)
}

// logE returns the logarithm of the part's evidence.
func (p *part) logE() float64 {
	if p.bounds.Ignored() {
		return 0
	}
	return p.law.LogE()
}

// located returns the signals that have a part in a place, with that part.
func (c *places) located(at *place) (signals []*metricSignal, parts []*part) {
	for _, t := range c.metrics {
		for _, p := range c.parts[t] {
			if p.place == at {
				signals, parts = append(signals, t), append(parts, p)
			}
		}
	}
	return signals, parts
}

// decide takes the bin at into the evidence on each place, and fails
// those that it is time for: each of the G places known needs G times the
// evidence that the whole does, so that all of them together are promised what
// the whole is (Bonferroni). It changes nothing about the whole.
func (c *places) decide() {
	for _, at := range c.list {
		signals, parts := c.located(at)
		var e, w []float64
		total := 0.
		for i, p := range parts {
			if p.breach != "" && at.reason == "" {
				at.reason = p.breach
			}
			if p.control > 0 || c.strategy == andon.BeforeAfter && p.candidate > 0 {
				e, w = append(e, p.logE()), append(w, signals[i].weight)
				total += signals[i].weight
			}
		}
		at.logE = 0
		switch m := stat.LogMean(e, w); {
		case c.strategy == andon.BeforeAfter:
			for i := range e {
				if w[i] > 0 {
					at.logE = max(at.logE, e[i]+math.Log(w[i]/total))
				}
			}
		case deviation.Known(m):
			at.logE = m
		}
		at.peak = max(at.peak, at.logE)
		if at.reason == "" && c.strategy != andon.Threshold && at.logE >= c.needs()+math.Log(float64(len(c.list)))-1e-9 {
			at.reason = fmt.Sprintf("%s; evidence %s that the rollout did it", c.showed(at), andon.Odds(at.logE))
		}
	}
}
