package analysis

import (
	"fmt"
	"math"
	"time"

	"github.com/andon-project/andon/pkg/stat"
)

// mostPlaces is how many values of one label are told apart.
const mostPlaces = 20

// A place is one value of a label of Service.Scope.
type place struct {
	label int // of Service.Scope
	value string

	came, left time.Time // when a candidate node was first seen there, and a control node last
	logE, peak float64
	failed     string // why it failed; "" if it has not
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

// places are those of a course, in order of appearance.
type places struct {
	all  map[string]*place // by label and value
	list []*place
	more map[int]int // values of a label beyond mostPlaces
}

// place returns the one of a value of a label, nil if there are too many.
func (p *places) place(label int, value string) *place {
	key := fmt.Sprint(label, " ", value)
	if known, ok := p.all[key]; ok {
		return known
	}
	if p.all == nil {
		p.all, p.more = map[string]*place{}, map[int]int{}
	}
	n := 0
	for _, o := range p.list {
		if o.label == label {
			n++
		}
	}
	if n >= mostPlaces {
		p.all[key] = nil
		p.more[label]++
		return nil
	}
	at := &place{label: label, value: value}
	p.all[key] = at
	p.list = append(p.list, at)
	return at
}

// fanOut has each part take in the samples of its place. The samples are those
// of the whole, so that no question is asked for it.
func (t *tracker) fanOut(c *course, b bin, cand, ctrl []sample) {
	for label := range c.service.Scope {
		apart := func(all []sample, note func(p *place)) map[string][]sample {
			out := map[string][]sample{}
			for _, s := range all {
				if v := s.places[label]; v != "" {
					out[v] = append(out[v], s)
					if p := c.places.place(label, v); p != nil && known(s.v) {
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
		beside := apart(ctrl, func(p *place) { p.left = b.at })
		for _, p := range c.places.list {
			if p.label != label || len(here[p.value])+len(beside[p.value]) == 0 {
				continue
			}
			control := beside[p.value]
			if c.strategy == RegionControl {
				control = ctrl // the nodes elsewhere
			}
			t.part(c, p).fold(b, here[p.value], control)
		}
	}
}

// part returns the tracker's part in a place.
func (t *tracker) part(c *course, p *place) *part {
	for _, known := range t.parts {
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
	if t.strat == RegionControl {
		past = t.ctrl
	}
	made.law.learn(there(t.cand), t.past(past), t.next)
	t.parts = append(t.parts, made)
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

// located returns the trackers that have a part in a place, with that part.
func (c *course) located(at *place) (trackers []*tracker, parts []*part) {
	for _, t := range c.signals {
		for _, p := range t.parts {
			if p.place == at {
				trackers, parts = append(trackers, t), append(parts, p)
			}
		}
	}
	return trackers, parts
}

// decidePlaces takes the bin at into the evidence on each place, and fails
// those that it is time for: each of the G places known needs G times the
// evidence that the whole does, so that all of them together are promised what
// the whole is (Bonferroni). It changes nothing about the whole.
func (c *course) decidePlaces() {
	for _, at := range c.places.list {
		trackers, parts := c.located(at)
		var e, w []float64
		total := 0.
		for i, p := range parts {
			if p.breach != "" && at.failed == "" {
				at.failed = p.breach
			}
			if p.control > 0 || c.strategy == BeforeAfter && p.candidate > 0 {
				e, w = append(e, p.logE()), append(w, trackers[i].weight)
				total += trackers[i].weight
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
		if at.failed == "" && c.strategy != Threshold && at.logE >= c.needs()+math.Log(float64(len(c.places.list)))-1e-9 {
			at.failed = fmt.Sprintf("%s; evidence is %s", c.showed(at), number(math.Exp(min(at.logE, 700))))
		}
	}
}
