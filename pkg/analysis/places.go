package analysis

import (
	"fmt"
	"math"
	"time"

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
	law    law
	bounds bounds
	breach string
	effect effect

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
		t.onFold = append(t.onFold, func(b bin, cand, ctrl []sample) { p.fold(t, b, cand, ctrl) })
	}
	return p
}

// place returns the one of a value of a label, nil if there are too many.
func (p *places) place(label int, value string) *place {
	key := fmt.Sprint(label, " ", value)
	if known, ok := p.all[key]; ok {
		return known
	}
	n := 0
	for _, o := range p.list {
		if o.label == label {
			n++
		}
	}
	if n >= maxPlaces {
		p.all[key] = nil
		p.more[label]++
		return nil
	}
	at := &place{label: label, value: value}
	p.all[key] = at
	p.list = append(p.list, at)
	return at
}

// fold has each part of a signal take in the samples of its place.
func (c *places) fold(t *metricSignal, b bin, cand, ctrl []sample) {
	for label := range c.service.Scope {
		apart := func(all []sample, note func(p *place)) map[string][]sample {
			out := map[string][]sample{}
			for _, s := range all {
				if v := s.places[label]; v != "" {
					out[v] = append(out[v], s)
					if p := c.place(label, v); p != nil && known(s.v) {
						note(p)
					}
				}
			}
			return out
		}
		here := apart(cand, func(p *place) {
			if p.came.IsZero() {
				p.came = b.at
			}
		})
		controls := apart(ctrl, func(p *place) { p.left = b.at })
		for _, p := range c.list {
			if p.label != label || len(here[p.value])+len(controls[p.value]) == 0 {
				continue
			}
			control := controls[p.value]
			if c.strategy == RegionControl {
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
	made := &part{place: p, law: newLaw(t.settings), bounds: bounds{signal: t.signal}}
	there := func(f *frame) *frame {
		out := &frame{first: f.first, width: f.width, rows: map[string]*row{}}
		for name, r := range f.rows {
			if len(r.places) > p.label && r.places[p.label] == p.value {
				out.rows[name] = r
			}
		}
		return out
	}
	past := there(t.ctrl)
	if c.strategy == RegionControl {
		past = t.ctrl
	}
	made.law.learn(there(t.cand), t.past(past), t.next)
	c.parts[t] = append(c.parts[t], made)
	return made
}

func (p *part) fold(b bin, cand, ctrl []sample) {
	for _, s := range cand {
		p.bounds.fold(b.at, s.node, s.raw)
		if known(s.v) {
			p.candidate++
			p.last = b.at
		}
	}
	for _, s := range ctrl {
		if known(s.v) {
			p.control++
		}
	}
	if p.breach == "" {
		p.breach = p.bounds.breached(cand, b.at)
	}
	p.effect.fold(cand, ctrl)
	p.law.fold(b, cand, ctrl)
}

// logE returns the logarithm of the part's evidence.
func (p *part) logE() float64 {
	if p.bounds.ignored() {
		return 0
	}
	return p.law.logE()
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
			if p.control > 0 || c.strategy == BeforeAfter && p.candidate > 0 {
				e, w = append(e, p.logE()), append(w, signals[i].weight)
				total += signals[i].weight
			}
		}
		at.logE = 0
		switch m := stat.LogMean(e, w); {
		case c.strategy == BeforeAfter:
			for i := range e {
				if w[i] > 0 {
					at.logE = max(at.logE, e[i]+math.Log(w[i]/total))
				}
			}
		case known(m):
			at.logE = m
		}
		at.peak = max(at.peak, at.logE)
		if at.reason == "" && c.strategy != Threshold && at.logE >= c.needs()+math.Log(float64(len(c.list)))-1e-9 {
			at.reason = fmt.Sprintf("%s; evidence is %s", c.showed(at), number(math.Exp(min(at.logE, 700))))
		}
	}
}
