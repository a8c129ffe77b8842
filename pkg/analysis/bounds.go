package analysis

import (
	"fmt"
	"time"
)

// bounds watches a signal's static thresholds. They speak of what the signal's
// Metric returns, exposure or not.
type bounds struct {
	signal  Signal
	since   map[string]time.Time // when a node's unbroken breach began
	points  int
	outside int // points that are not inside the ignore threshold
	worst   map[string]float64
}

// fold takes in one sample of a candidate node.
func (b *bounds) fold(at time.Time, node string, v float64) {
	if !known(v) {
		return
	}
	b.points++
	if !b.signal.Ignore.holds(v) {
		b.outside++
	}
	if b.since == nil {
		b.since, b.worst = map[string]time.Time{}, map[string]float64{}
	}
	if !b.signal.FailFast.holds(v) {
		delete(b.since, node)
		return
	}
	if _, ok := b.since[node]; !ok {
		b.since[node] = at
	}
	b.worst[node] = v
}

// breached returns why the signal fails at once, or "". A node without a
// sample in the bin breaks its breach.
func (b *bounds) breached(now []sample, at time.Time) string {
	if b.signal.FailFast == nil {
		return ""
	}
	here := map[string]bool{}
	for _, s := range now {
		here[s.node] = known(s.v)
	}
	for _, node := range sortedKeys(b.since) {
		since := b.since[node]
		if !here[node] {
			delete(b.since, node)
			continue
		}
		if at.Sub(since) >= time.Duration(b.signal.FailFast.For) {
			return b.sentence(node, since)
		}
	}
	return ""
}

func (b *bounds) sentence(node string, since time.Time) string {
	limit, f := "", b.signal.FailFast
	if v := b.worst[node]; f.Above != nil && v > *f.Above {
		limit = fmt.Sprintf("above %s", number(*f.Above))
	} else if f.Below != nil {
		limit = fmt.Sprintf("below %s", number(*f.Below))
	}
	where := ""
	if node != "" {
		where = " on " + node
	}
	return fmt.Sprintf("%s was %s%s, %s, its fail-fast threshold, since %s", b.signal.Name, number(b.worst[node]), where, limit, since.UTC().Format(time.RFC3339))
}

// ignored reports whether all points lie inside the ignore threshold.
func (b *bounds) ignored() bool {
	return b.signal.Ignore != nil && b.points > 0 && b.outside == 0
}
