package evidence

import (
	"fmt"
	"math"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
)

// Bounds watches a signal's static thresholds. They speak of what the signal's
// Metric returns, exposure or not.
type Bounds struct {
	Signal  andon.Signal
	since   map[string]time.Time // when a node's unbroken breach began
	Points  int
	outside int // points that are not inside the ignore threshold
	worst   map[string]float64
}

// Fold takes in one sample of a candidate node.
func (b *Bounds) Fold(at time.Time, node string, v float64) {
	if !deviation.Known(v) {
		return
	}
	b.Points++
	if !b.Signal.Ignore.Holds(v) {
		b.outside++
	}
	if b.since == nil {
		b.since, b.worst = map[string]time.Time{}, map[string]float64{}
	}
	if !b.Signal.FailFast.Holds(v) {
		delete(b.since, node)
		return
	}
	if _, ok := b.since[node]; !ok {
		b.since[node] = at
	}
	b.worst[node] = v
}

// Breached returns why the signal fails at once, or "". A node without a
// sample in the bin breaks its breach.
func (b *Bounds) Breached(now []deviation.Sample, at time.Time) string {
	if b.Signal.FailFast == nil {
		return ""
	}
	here := map[string]bool{}
	for _, s := range now {
		here[s.Node] = deviation.Known(s.Value)
	}
	for _, node := range andon.SortedKeys(b.since) {
		since := b.since[node]
		if !here[node] {
			delete(b.since, node)
			continue
		}
		if at.Sub(since) >= time.Duration(b.Signal.FailFast.For) {
			return b.sentence(node, since)
		}
	}
	return ""
}

func (b *Bounds) sentence(node string, since time.Time) string {
	unit, beyond, limit, f := b.Signal.WrittenUnit(), "above", math.NaN(), b.Signal.FailFast
	if b.Signal.Per != "" {
		unit = "" // the threshold is on Metric, before it is divided by the exposure
	}
	v := b.worst[node]
	if f.Above != nil && v > *f.Above {
		limit = *f.Above
	} else if f.Below != nil {
		beyond, limit = "below", *f.Below
	}
	bound, value, _ := andon.Change(limit, v, unit)
	where := ""
	if node != "" {
		where = " on " + node
	}
	return fmt.Sprintf("%s was %s%s, %s its fail-fast threshold of %s since %s", b.Signal.Name, value, where, beyond, bound, since.UTC().Format(time.RFC3339))
}

// Ignored reports whether all points lie inside the ignore threshold.
func (b *Bounds) Ignored() bool {
	return b.Signal.Ignore != nil && b.Points > 0 && b.outside == 0
}
