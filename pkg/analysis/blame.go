package analysis

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

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

// blame says of the rollouts that were under way at one time how probable it
// is that each, and not another, made its service worse.
func blame(all []*course, at time.Time) {
	var live []*course
	for _, c := range all {
		if c.underwayAt(at) {
			live = append(live, c)
		}
	}
	for _, c := range live {
		c.suspect(live)
	}
}

// suspect weighs the rollouts that overlap c, and those that did and came to
// its nodes or its callees: that they were taken back does not make c guilty.
func (c *course) suspect(live []*course) {
	c.suspects = c.suspects[:0]
	here := map[string]bool{c.rollout.ID: true}
	logs := []float64{c.logE}
	for _, o := range live {
		if o != c {
			here[o.rollout.ID] = true
			c.suspects = append(c.suspects, suspect{rollout: o.rollout.ID, logE: c.rival(o)})
		}
	}
	for _, id := range c.gone(here) {
		e, ok := c.met[id]
		if !ok {
			e = c.shared(id)
		}
		c.suspects = append(c.suspects, suspect{id, e})
	}
	for _, s := range c.suspects {
		logs = append(logs, s.logE)
	}
	each, _ := stat.Posterior(logs, prior)
	c.blame = each[0]
}

// gone returns the rollouts that are remembered though they are not here.
func (c *course) gone(here map[string]bool) []string {
	var out []string
	for id := range c.met {
		if !here[id] {
			out = append(out, id)
		}
	}
	for _, t := range c.signals {
		for id, d := range t.adoption.change {
			if !here[id] && t.adoption.touched[d] && !slices.Contains(out, id) {
				out = append(out, id)
			}
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
func (c *course) rival(o *course) float64 {
	switch same := c.service.Name == o.service.Name; {
	case !c.concurrent():
		e := o.logE + logOf(c.mayCall(o))
		if c.excusedBy(o) {
			e = max(e, c.met[o.rollout.ID])
			if e >= math.Log(excuseEvidence) {
				c.met[o.rollout.ID] = e
			}
		}
		return e
	case c.touchedBy(o.rollout.ID):
		absent := c.absentShare()
		if !same {
			absent *= c.mayCall(o)
		}
		return stat.LogSumExp(logOf(absent)+o.logE, logOf(1-c.absentShare())+c.shared(o.rollout.ID))
	case same, c.strategy == LoadTest:
		return o.logE
	}
	explained := max(o.logE, c.logE+logOf(suspicion(o.logE)))
	return explained + logOf(c.absentShare()*c.mayCall(o))
}

// suspicion returns by how much evidence raises the probability that a rollout
// is bad, 0 if it lowers it.
func suspicion(logE float64) float64 {
	none, _ := stat.Posterior([]float64{0}, prior)
	some, _ := stat.Posterior([]float64{logE}, prior)
	return max(0, some[0]-none[0])
}

// shared returns the logarithm of E_c A_o/A_c.
func (c *course) shared(rollout string) float64 {
	return c.logE + c.explains(rollout) - c.explains(c.rollout.ID)
}

// absentShare returns the share of the evidence that comes from absence.
func (c *course) absentShare() float64 {
	if c.absence == nil {
		return 0
	}
	return min(1, math.Exp(c.absence.share-c.logE))
}

// posterior returns the probability of c and then of each that counts beside
// it, by c.counting. Without a control the bound on evidence already stands for
// chance, so that it is the share among the rollouts.
func (c *course) posterior() []float64 {
	logs := []float64{c.logE}
	for _, s := range c.counting() {
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

// counting returns the suspects that may keep c from failing.
func (c *course) counting() []suspect {
	if c.concurrent() {
		return c.suspects
	}
	var out []suspect
	for _, s := range c.suspects {
		if _, ok := c.met[s.rollout]; ok {
			out = append(out, s)
		}
	}
	return out
}

// ambiguous returns the smallest set of rollouts, sorted, that it was one of,
// if c is in it and not alone, and the evidence on them together is enough; else nil.
func (c *course) ambiguous() []string {
	if c.firstFail != nil || c.strategy == Threshold {
		return nil
	}
	type member struct {
		id   string
		p, e float64
	}
	all := []member{{id: c.rollout.ID, e: c.logE}}
	for _, s := range c.counting() {
		all = append(all, member{id: s.rollout, e: s.logE})
	}
	for i, p := range c.posterior() {
		all[i].p = p
	}
	if all[0].p < 1-enoughBlame {
		return nil
	}
	slices.SortStableFunc(all, func(a, b member) int { return cmp.Compare(b.p, a.p) })
	var set []string
	var e []float64
	for p, i := 0., 0; p < enoughBlame && i < len(all); i++ {
		p += all[i].p
		set, e = append(set, all[i].id), append(e, all[i].e)
		if p >= enoughBlame && len(set) > 1 && slices.Contains(set, c.rollout.ID) && stat.LogSumExp(e...) >= c.needs()-1e-9 {
			slices.Sort(set)
			return set
		}
	}
	return nil
}

// undivided says why a rollout with enough evidence has not failed.
func (c *course) undivided(showed string) string {
	best := suspect{logE: math.Inf(-1)}
	for _, s := range c.counting() {
		if s.logE > best.logE {
			best = s
		}
	}
	others, were := "1 other rollout", "was"
	if n := len(c.suspects); n > 1 {
		others, were = fmt.Sprintf("%d other rollouts", n), "were"
	}
	how := "as well"
	if best.logE > c.logE {
		how = "better"
	}
	return fmt.Sprintf("%s, but %s %s under way and %s may explain it %s; this one's share of the blame is %.2f",
		showed, others, were, best.rollout, how, c.posterior()[0])
}
