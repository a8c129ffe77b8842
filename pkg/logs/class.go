package logs

import (
	"math"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
)

// class returns how a group stands to control.
func (b *Comparison) class(g *group) andon.Class {
	c, k := g.sides[deviation.CandidateSide], g.sides[deviation.ControlSide]
	switch {
	case c.lines == 0 && b.missed(k) >= minMissed:
		return andon.ClassGone
	case c.lines == 0:
		return andon.ClassKnown
	case k.lines == 0 && !g.known:
		if !g.warm {
			return andon.ClassKnown // as far as can be told: see cold
		}
		return andon.ClassUnknown
	case b.logE(g)+math.Log(b.share(g)) >= math.Log(groupEvidence):
		return andon.ClassUnexpectedFrequency
	}
	return andon.ClassKnown
}

// missed returns how many events of a group candidate would have had at
// control's rate.
func (b *Comparison) missed(k count) float64 {
	if b.Time[deviation.ControlSide] == 0 {
		return 0
	}
	return k.events / b.Time[deviation.ControlSide] * b.Time[deviation.CandidateSide]
}

// treatment says what a group does to the rollout.
func (b *Comparison) treatment(g *group, class andon.Class) (counted, failing bool) {
	if g.sides[deviation.CandidateSide].lines == 0 {
		return false, false
	}
	high := b.Spec.Sensitivity == andon.High
	switch b.memory[g.id].Risk {
	case andon.NoRisk:
		return false, false
	case andon.HighRisk:
		return true, true
	case andon.MediumRisk:
		return high, high
	}
	if b.ThresholdsOnly {
		return false, false
	}
	switch class {
	case andon.ClassUnknown:
		return true, high
	case andon.ClassUnexpectedFrequency:
		return high || b.Crashes(), high
	default:
		return b.Crashes(), false
	}
}

// setAside says whether a person's word keeps a group from being evidence.
func (b *Comparison) setAside(g *group) bool {
	switch b.memory[g.id].Risk {
	case andon.NoRisk:
		return true
	case andon.MediumRisk:
		return b.Spec.Sensitivity != andon.High
	default:
		return false
	}
}

// Failing returns why the signal fails the rollout at once, or "".
func (b *Comparison) Failing() string {
	for _, g := range b.ordered() {
		if class := b.class(g); b.groupFails(g, class) {
			return b.sentence(g, class)
		}
	}
	return ""
}

func (b *Comparison) groupFails(g *group, class andon.Class) bool {
	_, failing := b.treatment(g, class)
	return failing
}
