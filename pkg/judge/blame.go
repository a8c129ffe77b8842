package judge

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/stat"
)

// excuseEvidence is how much evidence there must be on a rollout for it to
// explain what happened to another that has no control: so much is there by
// chance one time in ten.
const excuseEvidence = 10

// A suspect is a rollout that may be what made another's service worse.
type suspect struct {
	rollout string
	logE    float64 // logarithm of how well it explains what speaks against the other
}

// A blame says how probable it is that one rollout, and none of those that
// overlap it, made its service worse.
type blame struct {
	*subject
	evidence *combination
	overlap  *overlap

	share       float64            // among the rollouts
	suspects    []suspect          // the rollouts that overlap, or did
	maxEvidence map[string]float64 // of each that was weighed against a rollout without control, the most
}

// apportion settles the blame among the rollouts that were under way at one time.
func apportion(all []*trial, at time.Time) {
	var live []*blame
	for _, c := range all {
		if c.underwayAt(at) {
			live = append(live, c.blame)
		}
	}
	for _, c := range live {
		c.suspect(live)
	}
}

// suspect weighs the rollouts that overlap c, and those that did and came to
// its nodes or its callees: that they were taken back does not make c guilty.
func (c *blame) suspect(live []*blame) {
	c.suspects = c.suspects[:0]
	here := map[string]bool{c.rollout.ID: true}
	logs := []float64{c.evidence.log}
	for _, o := range live {
		if o != c {
			here[o.rollout.ID] = true
			c.suspects = append(c.suspects, suspect{rollout: o.rollout.ID, logE: c.rival(o)})
		}
	}
	for _, id := range c.gone(here) {
		e, ok := c.maxEvidence[id]
		if !ok {
			e = c.shared(id)
		}
		c.suspects = append(c.suspects, suspect{id, e})
	}
	for _, s := range c.suspects {
		logs = append(logs, s.logE)
	}
	each, _ := stat.Posterior(logs, prior)
	c.share = each[0]
}

// gone returns the rollouts that are remembered though they are not here.
func (c *blame) gone(here map[string]bool) []string {
	var out []string
	for id := range c.maxEvidence {
		if !here[id] {
			out = append(out, id)
		}
	}
	for _, id := range c.overlap.touched() {
		if !here[id] && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// rival returns the logarithm of how well another rollout explains what speaks
// against c. Three cases:
//
// If nodes of c have adopted the other as well, who adopted what when tells
// what was measured apart: E_c A_o/A_c, with A the evidence of the stepped
// wedge on c's signals.
//
// If both change the same service, or nothing ran beside c's candidate (before
// and after, a load test), all of it: E_o. Unless, without a control, it is known that c's service does not
// call the other's.
//
// Else what c's nodes measure beside those of its control is not spoilt by
// another service, as that is called by both. But whether a node comes up may
// hang on services that it calls, and control nodes are up already. The share
// a of absence is explained by the other, if the other is bad: as well as E_o
// says, or as well as c itself explains it, E_c, with the probability that the
// other's own evidence lends to its being bad, p(E_o) - p(1), p(E) = πE/(1+πE);
// two culprits at once are thought no likelier than a culprit and its victim:
// a max( E_o, E_c (p(E_o) - p(1)) ).
func (c *blame) rival(o *blame) float64 {
	switch same := c.service.Name == o.service.Name; {
	case !c.concurrent():
		e := o.evidence.log + logOf(c.mayCall(o.subject))
		if c.excusedBy(o.subject) {
			e = max(e, c.maxEvidence[o.rollout.ID])
			if e >= math.Log(excuseEvidence) {
				c.maxEvidence[o.rollout.ID] = e
			}
		}
		return e
	case c.overlap.touchedBy(o.rollout.ID):
		absent := c.evidence.absentShare()
		if !same {
			absent *= c.mayCall(o.subject)
		}
		return stat.LogSumExp(logOf(absent)+o.evidence.log, logOf(1-c.evidence.absentShare())+c.shared(o.rollout.ID))
	case same, c.strategy == andon.LoadTest:
		return o.evidence.log
	}
	explained := max(o.evidence.log, c.evidence.log+logOf(suspicion(o.evidence.log)))
	return explained + logOf(c.evidence.absentShare()*c.mayCall(o.subject))
}

// suspicion returns by how much evidence raises the probability that a rollout
// is bad, 0 if it lowers it.
func suspicion(logE float64) float64 {
	none, _ := stat.Posterior([]float64{0}, prior)
	some, _ := stat.Posterior([]float64{logE}, prior)
	return max(0, some[0]-none[0])
}

// shared returns the logarithm of E_c A_o/A_c.
func (c *blame) shared(rollout string) float64 {
	return c.evidence.log + c.overlap.explains(rollout) - c.overlap.explains(c.rollout.ID)
}

// posterior returns the probability of c and then of each that counts beside
// it, by c.rivals. Without a control the bound on evidence already stands for
// chance, so that it is the share among the rollouts.
func (c *blame) posterior() []float64 {
	logs := []float64{c.evidence.log}
	for _, s := range c.rivals() {
		logs = append(logs, s.logE)
	}
	each, none := stat.Posterior(logs, prior)
	if !c.concurrent() {
		for i := range each {
			each[i] /= 1 - none
		}
	}
	return each
}

// rivals returns the suspects that may keep c from failing.
func (c *blame) rivals() []suspect {
	if c.concurrent() {
		return c.suspects
	}
	var out []suspect
	for _, s := range c.suspects {
		if _, ok := c.maxEvidence[s.rollout]; ok {
			out = append(out, s)
		}
	}
	return out
}

// ambiguous returns the smallest set of rollouts, sorted, that it was one of,
// if c is in it and not alone, and the evidence on them together is enough; else nil.
func (c *blame) ambiguous() []string {
	if c.strategy == andon.Threshold {
		return nil
	}
	type member struct {
		id   string
		p, e float64
	}
	all := []member{{id: c.rollout.ID, e: c.evidence.log}}
	for _, s := range c.rivals() {
		all = append(all, member{id: s.rollout, e: s.logE})
	}
	for i, p := range c.posterior() {
		all[i].p = p
	}
	if all[0].p < 1-minBlame {
		return nil
	}
	slices.SortStableFunc(all, func(a, b member) int { return cmp.Compare(b.p, a.p) })
	var set []string
	var e []float64
	for p, i := 0., 0; p < minBlame && i < len(all); i++ {
		p += all[i].p
		set, e = append(set, all[i].id), append(e, all[i].e)
		if p >= minBlame && len(set) > 1 && slices.Contains(set, c.rollout.ID) && stat.LogSumExp(e...) >= c.needs()-1e-9 {
			slices.Sort(set)
			return set
		}
	}
	return nil
}

// undivided says why a rollout with enough evidence has not failed.
func (c *blame) undivided(showed string) string {
	best := suspect{logE: math.Inf(-1)}
	for _, s := range c.rivals() {
		if s.logE > best.logE {
			best = s
		}
	}
	were := "were"
	if len(c.suspects) == 1 {
		were = "was"
	}
	well := "as well"
	if best.logE > c.evidence.log {
		well = "better"
	}
	return fmt.Sprintf("%s, but %s %s under way and %s may explain it %s; this rollout's share of the blame is %s",
		showed, andon.Plural(float64(len(c.suspects)), "other rollout"), were, best.rollout, well, andon.Quantity(c.posterior()[0], "ratio"))
}
