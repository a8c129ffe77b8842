package evidence

import (
	"slices"
	"time"

	"github.com/andon-project/andon/pkg/deviation"
)

// memoryOfJumps is how long a node's events allow for more of them at once.
const memoryOfJumps = 5 * time.Minute

// newCrashes returns the law of events by the time that nodes run: crashes,
// restarts, kills. Unlike with events out of requests any increase counts (the
// margin is 0 unless configured), nodes are not thought to differ, nothing of a
// fresh node is left out, for its first crash is the one that matters, and jumps
// are cut (see jumps).
func newCrashes(s Settings) Law {
	c := makeCounts(s)
	c.warm, c.sign = 0, 1
	c.jumps = &jumps{bins: max(1, int(memoryOfJumps/s.Step)), novelty: c.novelty, kept: map[string][]float64{}}
	return c
}

// jumps cut down how many events of a node count in a bin: to one more than
// counted in the five minutes before it. A counter that jumps by ten tells of one
// mishap, not of ten; a node that goes on crashing is believed more each time.
// Candidate and control are cut alike.
type jumps struct {
	bins    int     // looked back on
	novelty float64 // share of a bin's events that are new in it
	kept    map[string][]float64
}

// cut returns the samples with the events that count. No node is twice in them.
func (j *jumps) cut(samples []deviation.Sample) []deviation.Sample {
	out := slices.Clone(samples)
	for i, s := range out {
		if !deviation.Known(s.Value) || !(s.Exposure > 0) {
			continue
		}
		past, before := j.kept[s.Node], 0.
		for _, x := range past {
			before += x
		}
		counts := min(s.Value*s.Exposure, j.novelty*(1+before))
		out[i].Value = counts / s.Exposure
		if past = append(past, counts); len(past) > j.bins {
			past = past[1:]
		}
		j.kept[s.Node] = past
	}
	return out
}
