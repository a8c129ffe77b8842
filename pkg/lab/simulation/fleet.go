package simulation

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/prometheus/common/model"
)

// A node is one instance of a service.
type node struct {
	metric   model.Metric
	from, to int   // minutes in which it runs, to excluded
	fresh    bool  // it is new and runs the new version
	adopted  []int // Shared: the minute from which on it has each rollout
	stage    int   // fresh: the stage in which it started
	region   int
}

// far is a minute that never comes.
const far = 1 << 30

// arrival is the number of minutes from a stage to the first sample of its nodes.
const arrival = 1

// has reports whether the node has rollout r at a minute.
func (n *node) has(r, minute int) bool {
	if n.adopted == nil {
		return n.fresh
	}
	return minute >= n.adopted[r]
}

// membership returns the minutes [from, to) in which the node belongs to a cohort of
// rollout r.
func (n *node) membership(r int, candidate bool) (from, to int) {
	switch {
	case n.adopted == nil && n.fresh != candidate:
		return 0, 0
	case n.adopted == nil:
		return n.from, n.to
	case candidate:
		return max(n.from, n.adopted[r]), n.to
	}
	return n.from, min(n.to, n.adopted[r])
}

// staged returns the nodes of a fleet in which new ones replace old ones stage by
// stage.
func (f Fleet) staged(before, minutes int) []node {
	var nodes []node
	gone := 0
	for i := range f.Nodes {
		nodes = append(nodes, node{metric: nodeLabels("old", i), from: -before, to: far})
	}
	for stage, s := range f.Stages {
		for i := gone; i < s.Nodes; i++ {
			nodes = append(nodes, node{metric: nodeLabels("new", i), from: s.At + arrival, to: far, fresh: true, stage: stage})
			// Old nodes stay if traffic is divided by weight.
			if s.Share == 0 && i < f.Nodes {
				nodes[i].to = s.At + arrival
			}
		}
		gone = max(gone, s.Nodes)
	}
	for i := range nodes {
		nodes[i].to = min(nodes[i].to, minutes+1)
	}
	return nodes
}

// regional returns the nodes of a fleet in several regions. All nodes of the first
// one adopt the change at once.
func (f Fleet) regional(before, minutes int) []node {
	var nodes []node
	for i := range f.Nodes {
		n := node{metric: nodeLabels("old", i), from: -before, to: minutes + 1, adopted: []int{far}, region: i % f.Regions}
		n.metric["region"] = model.LabelValue(regionName(n.region))
		if n.region == 0 {
			n.adopted[0] = arrival
			if f.Replaced {
				fresh := n
				n.to = arrival
				fresh.metric = nodeLabels("new", i)
				fresh.metric["region"] = n.metric["region"]
				fresh.from, fresh.fresh = arrival, true
				nodes = append(nodes, fresh)
			}
		}
		nodes = append(nodes, n)
	}
	return nodes
}

func regionName(i int) string { return fmt.Sprintf("region-%d", i) }

// startSpread is the standard deviation of the logarithm of the duration of a
// service's start-ups.
const startSpread = .4

// median draws the median duration of a service's start-ups, in minutes.
func (s Starts) median(r *rand.Rand) float64 {
	if s.Widest > s.Median {
		return s.Median * math.Pow(s.Widest/s.Median, r.Float64())
	}
	return s.Median
}

// delayStarts delays the first samples of new nodes by random start-up times.
func delayStarts(r *rand.Rand, nodes []node, median float64, minutes int) {
	for i := range nodes {
		if n := &nodes[i]; n.fresh {
			wait := median * math.Exp(startSpread*r.NormFloat64())
			n.from = min(n.from+int(math.Ceil(wait)), minutes)
		}
	}
}

// shared returns the nodes of a fleet that several rollouts go out to in batches,
// each in its own order unless f.Lock is set.
func (f Fleet) shared(r *rand.Rand, rollouts, before, minutes int) []node {
	nodes := make([]node, f.Nodes)
	for i := range nodes {
		nodes[i] = node{metric: nodeLabels("node", i), from: -before, to: minutes + 1, adopted: make([]int, rollouts)}
	}
	order := r.Perm(f.Nodes)
	for d := range rollouts {
		if d > 0 && !f.Lock {
			order = r.Perm(f.Nodes)
		}
		for place, i := range order {
			nodes[i].adopted[d] = f.Offset*d + arrival + place/max(1, f.Batch)*f.Pace
		}
	}
	return nodes
}

// share returns the candidates' share of the traffic at a minute; 0 if it is
// proportional to their number.
func (f Fleet) share(minute int) float64 {
	share := 0.
	for _, s := range f.Stages {
		if minute >= s.At+arrival {
			share = s.Share
		}
	}
	return share
}

func nodeLabels(kind string, i int) model.Metric {
	return model.Metric{"node": model.LabelValue(fmt.Sprintf("%s-%d", kind, i))}
}
