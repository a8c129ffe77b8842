package analysis

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/andon-project/andon/pkg/stat"
)

// mostPlaces is how many values of one label are told apart.
const mostPlaces = 20

// A ScopeVerdict is what a rollout showed in one place: the nodes there,
// compared with each other alone.
type ScopeVerdict struct {
	Label    string   `json:"label"` // of Service.Scope
	Value    string   `json:"value"` // empty if nothing could be told by the label; Reason says why
	Verdict  Decision `json:"verdict"`
	Evidence Number   `json:"evidence"` // e-value, latched at its highest
	Reason   string   `json:"reason"`
}

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
	place   *place
	weigher weigher
	bounds  bounds
	breach  string
	effect  effect

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
func (t *tracker) fanOut(c *course, b moment, cand, ctrl []sample) {
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
	made := &part{place: p, weigher: t.newWeigher(c.service), bounds: bounds{signal: t.signal}}
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
	t.teach(made.weigher, there(t.cand), past)
	t.parts = append(t.parts, made)
	return made
}

func (p *part) fold(b moment, cand, ctrl []sample) {
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
	p.weigher.fold(b, cand, ctrl)
}

// logE returns the logarithm of the part's evidence.
func (p *part) logE() float64 {
	if p.bounds.ignored() {
		return 0
	}
	return p.weigher.logE()
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

// showed says what the signal with the largest part in a place's evidence did there.
func (c *course) showed(at *place) string {
	trackers, parts := c.located(at)
	best, text := math.Inf(-1), "nothing"
	for i, p := range parts {
		if e := p.logE() + math.Log(trackers[i].weight); e > best {
			best, text = e, trackers[i].changeOf(p.weigher, p.effect)
		}
	}
	return text
}

// scopes returns the verdict on each place, in order of label and value.
func (c *course) scopes(now time.Time) []ScopeVerdict {
	var out []ScopeVerdict
	for label, name := range c.service.Scope {
		here := slices.DeleteFunc(slices.Clone(c.places.list), func(p *place) bool { return p.label != label })
		slices.SortFunc(here, func(a, b *place) int { return cmp.Compare(a.value, b.value) })
		for _, p := range here {
			d, reason := c.openPlace(p, now)
			out = append(out, ScopeVerdict{name, p.value, d, Number(math.Exp(p.peak)), reason + c.untold(name, p)})
		}
		switch more := c.places.more[label]; {
		case more > 0:
			out = append(out, ScopeVerdict{name, "", Inconclusive, Unknown, fmt.Sprintf("%d more values of %s are not told apart; %d are", more, name, mostPlaces)})
		case len(here) == 0 && c.decided >= c.first:
			out = append(out, ScopeVerdict{name, "", Inconclusive, Unknown, fmt.Sprintf("no series has the label %s; keep it in the queries, as in sum by (%s) (…)", name, strings.Join(c.kept(name), ", "))})
		}
	}
	return out
}

// kept returns the labels that a query should keep.
func (c *course) kept(label string) []string {
	labels := []string{c.service.Node, c.service.Version, label}
	return slices.DeleteFunc(labels, func(l string) bool { return l == "" })
}

// untold names the signals that count whose series lack the label.
func (c *course) untold(label string, at *place) string {
	var names []string
	trackers, _ := c.located(at)
	for _, t := range c.signals {
		if t.counts() && t.candidateSeen+t.controlSeen > 0 && !slices.Contains(trackers, t) {
			names = append(names, t.signal.Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("; not told by %s: %s", label, list(names))
}

// openPlace returns the decision on a place, and why.
func (c *course) openPlace(at *place, now time.Time) (Decision, string) {
	_, parts := c.located(at)
	bins, candidate, control, last := 0, 0, 0, time.Time{}
	for _, p := range parts {
		bins, candidate, control = max(bins, p.weigher.bins()), candidate+p.candidate, control+p.control
		last = later(last, p.last)
	}
	switch {
	case at.failed != "":
		return Fail, at.failed + c.atOnce(at)
	case candidate == 0:
		return Inconclusive, "no candidate node there"
	case at.logE >= math.Log(warnEvidence) && c.strategy != Threshold:
		return Inconclusive, fmt.Sprintf("%s; evidence is %s, %s would fail it%s", c.showed(at), number(math.Exp(min(at.logE, 700))),
			number(math.Exp(c.needs())*float64(len(c.places.list))), c.atOnce(at))
	case c.strategy == Threshold:
		return Pass, "no threshold breached"
	case c.concurrent() && control == 0:
		return Inconclusive, "no control node there since the rollout began" + c.atOnce(at)
	case binTime(c.decided, c.step).Sub(last) > 10*c.step:
		return Inconclusive, "no value on a candidate node there since " + last.UTC().Format(time.RFC3339)
	case bins < c.leastBins():
		return Inconclusive, fmt.Sprintf("%d bins of %s compared there, %d wanted%s", bins, c.step, c.leastBins(), c.atOnce(at))
	}
	return Pass, "no signal tells its candidate from its control nodes by more than chance; the most that any showed: " + c.showed(at) + c.atOnce(at)
}

// leastBins is how many bins must have been compared for a result to mean
// something.
func (c *course) leastBins() int {
	if c.strategy == BeforeAfter {
		return 1
	}
	return leastBins
}

// atOnce says of a place whose control nodes were gone within the warm-up of
// its first candidate node that it skipped the stages.
func (c *course) atOnce(at *place) string {
	warm := c.service.warmUp()
	if !c.concurrent() || c.strategy == RegionControl || at.came.IsZero() || binTime(c.decided, c.step).Sub(at.came) <= warm {
		return ""
	}
	if at.left.IsZero() || at.left.Sub(at.came) < warm && binTime(c.decided, c.step).Sub(at.left) > warm {
		return "; everything there was changed at once, without stages"
	}
	return ""
}
