package analysis

import "math"

// class returns how a group stands to control.
func (b *lineComparison) class(g *group) Class {
	c, k := g.sides[candidateSide], g.sides[controlSide]
	switch {
	case c.lines == 0 && b.missed(k) >= minMissed:
		return ClassGone
	case c.lines == 0:
		return ClassKnown
	case k.lines == 0 && !g.known:
		if !g.warm {
			return ClassKnown // as far as can be told: see cold
		}
		return ClassUnknown
	case b.logE(g)+math.Log(b.share(g)) >= math.Log(groupEvidence):
		return ClassUnexpectedFrequency
	}
	return ClassKnown
}

// missed returns how many events of a group candidate would have had at
// control's rate.
func (b *lineComparison) missed(k count) float64 {
	if b.time[controlSide] == 0 {
		return 0
	}
	return k.events / b.time[controlSide] * b.time[candidateSide]
}

// treatment says what a group does to the rollout.
func (b *lineComparison) treatment(g *group, class Class) (counted, failing bool) {
	if g.sides[candidateSide].lines == 0 {
		return false, false
	}
	high := b.c.Sensitivity == High
	switch b.memory[g.id].Risk {
	case NoRisk:
		return false, false
	case HighRisk:
		return true, true
	case MediumRisk:
		return high, high
	}
	if b.thresholdsOnly {
		return false, false
	}
	switch class {
	case ClassUnknown:
		return true, high
	case ClassUnexpectedFrequency:
		return high || b.crashes(), high
	}
	return b.crashes(), false
}

// setAside says whether a person's word keeps a group from being evidence.
func (b *lineComparison) setAside(g *group) bool {
	switch b.memory[g.id].Risk {
	case NoRisk:
		return true
	case MediumRisk:
		return b.c.Sensitivity != High
	}
	return false
}

// failing returns why the signal fails the rollout at once, or "".
func (b *lineComparison) failing() string {
	for _, g := range b.ordered() {
		if class := b.class(g); b.groupFails(g, class) {
			return b.sentence(g, class)
		}
	}
	return ""
}

func (b *lineComparison) groupFails(g *group, class Class) bool {
	_, failing := b.treatment(g, class)
	return failing
}
