package analysis

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	// memoryOfJumps is how long a node's events allow for more of them at once.
	memoryOfJumps = 5 * time.Minute
	// bornAfter is for how many bins a counter must not have been there for its
	// first value to be an increase.
	bornAfter = 5
)

// newCrashed returns what weighs events by the time that nodes run: crashes,
// restarts, kills. Unlike with events out of requests any increase counts (the
// margin is 0 unless configured), nodes are not thought to differ, nothing of a
// fresh node is left out, for its first crash is the one that matters, and jumps
// are cut (see jumps).
func newCrashed(t *tracker, s Service) *counted {
	c := newCounted(t, s)
	c.warm, c.sign = 0, 1
	c.jumps = &jumps{bins: max(1, int(memoryOfJumps/t.step)), novelty: c.novelty, of: map[string][]float64{}}
	return c
}

// jumps cut down how many events of a node count in a bin: to one more than
// counted in the five minutes before it. A counter that jumps by ten tells of one
// mishap, not of ten; a node that goes on crashing is believed more each time.
// Candidate and control are cut alike.
type jumps struct {
	bins    int     // looked back on
	novelty float64 // share of a bin's events that are new in it
	of      map[string][]float64
}

// cut returns the samples with the events that count. No node is twice in them.
func (j *jumps) cut(samples []sample) []sample {
	out := slices.Clone(samples)
	for i, s := range out {
		if !known(s.v) || !(s.e > 0) {
			continue
		}
		past, before := j.of[s.node], 0.
		for _, x := range past {
			before += x
		}
		counts := min(s.v*s.e, j.novelty*(1+before))
		out[i].v = counts / s.e
		if past = append(past, counts); len(past) > j.bins {
			past = past[1:]
		}
		j.of[s.node] = past
	}
	return out
}

// running adds to the samples of a signal of crashes the nodes that run, as
// other signals show, and have no series of it yet: a counter that never counted
// is often not exported, and its first increase is then seen nowhere but in its
// beginning. As long as no node has such a series nothing is added, since it may
// not exist at all.
func (t *tracker) running(c *course, bin int64, samples []sample, side func(*tracker) *frame) []sample {
	if t.kind != Crashes || t.signal.Per != "" || len(t.cand.rows)+len(t.ctrl.rows) == 0 {
		return samples
	}
	here := map[string]bool{}
	for _, s := range samples {
		here[s.node] = true
	}
	for _, o := range c.signals {
		if f := side(o); o != t && o.kind != Crashes && f != nil {
			for _, s := range f.samplesAt(bin) {
				if known(s.v) && !here[s.node] {
					here[s.node] = true
					samples = append(samples, sample{node: s.node, e: t.step.Seconds(), places: s.places})
				}
			}
		}
	}
	slices.SortFunc(samples, func(a, b sample) int { return strings.Compare(a.node, b.node) })
	return samples
}

var counter = regexp.MustCompile(`_(total|count)\b`)

// isCounter reports whether a signal of crashes is a bare counter, such as
// restarts_total, whose increases are yet to be taken.
func (s Signal) isCounter() bool {
	return s.InferKind() == Crashes && s.Per == "" && !strings.Contains(s.Metric, "[") && counter.MatchString(s.Metric)
}

// increases turns the values of counters into increases a second. A counter that
// begins anew counts from 0, and so does one that was not there in the bornAfter
// bins before its first value.
func (f *frame) increases(seconds float64) {
	for _, r := range f.rows {
		r.raw = slices.Clone(r.v)
		last, was := 0., -1
		for i, v := range r.raw {
			if !known(v) {
				continue
			}
			switch {
			case was < 0 && i < bornAfter:
				r.v[i] = 0 // it was there before
			case was < 0 || i-was > bornAfter || v < last:
				r.v[i] = v / seconds
			default:
				r.v[i] = (v - last) / seconds
			}
			last, was = v, i
		}
	}
}
