package analysis

import "strings"

// Compare returns the comparison that a tick makes of one signal of a
// rollout, so that a panel can ask for the same.
func Compare(ro Rollout, s Service, sig Signal) Comparison {
	_, candidate, control := cohorts(ro)
	return Comparison{
		Service: s.Name, Signal: sig, Node: s.Node, Version: s.Version,
		Candidate: Cohort{Select: candidate}, Control: Cohort{Select: control, Back: ro.back()},
		Sensitivity: s.Sensitivity, Since: ro.Started, Step: s.Bin(), WarmUp: s.warmUp(),
	}
}

// cohorts returns the strategy that is taken for a rollout and the selectors
// of its cohorts. Where only one cohort is selected, by a single label, the
// other is the rest; where time alone can divide them both are the same.
func cohorts(ro Rollout) (taken Strategy, candidate, control Selector) {
	taken, candidate, control = ro.Strategy, ro.Candidate, ro.Control
	switch {
	case taken == BeforeAfter, taken == Threshold:
		return taken, candidate, candidate
	case taken == LoadTest:
		return ro.loadTest()
	case len(control) == 0 && len(candidate) == 1:
		control = candidate.not()
	case len(candidate) == 0 && len(control) == 1:
		candidate = control.not()
	case len(candidate) == 0 || len(control) == 0:
		return BeforeAfter, candidate, candidate
	}
	if taken == "" || taken == Auto {
		taken = Canary
	}
	return taken, candidate, control
}

// not returns the Selector of what s, of one label, does not pick.
func (s Selector) not() Selector {
	out := Selector{}
	for k, v := range s {
		switch {
		case strings.HasPrefix(v, "!="):
			out[k] = v[2:]
		case strings.HasPrefix(v, "=~"):
			out[k] = "!~" + v[2:]
		case strings.HasPrefix(v, "!~"):
			out[k] = "=~" + v[2:]
		default:
			out[k] = "!=" + v
		}
	}
	return out
}
