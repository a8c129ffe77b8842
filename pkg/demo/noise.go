package demo

import (
	"math"
	"math/rand/v2"
	"sync"
	"time"
)

// How nodes of the same version differ, all on the logarithm of latency.
const (
	nodeSpread  = .015                    // standard deviation between nodes, for good
	driftSpread = .025                    // standard deviation of one node's slow drift
	driftFades  = 2500 * time.Millisecond // after which a drift has lost 63% of itself
)

// A noise is the random variation of one node. It is safe for concurrent use.
type noise struct {
	mu    sync.Mutex
	rand  *rand.Rand
	level float64 // of this node, for good
	drift float64 // an Ornstein-Uhlenbeck process as it was at
	at    time.Time
}

func newNoise(seed uint64, name string) *noise {
	h := uint64(14695981039346656037) // FNV-1a
	for _, c := range []byte(name) {
		h = (h ^ uint64(c)) * 1099511628211
	}
	r := rand.New(rand.NewPCG(seed, h))
	return &noise{rand: r, level: nodeSpread * r.NormFloat64(), drift: driftSpread * r.NormFloat64()}
}

// factor returns the duration of a request at now relative to the median: the product
// of the node's level, its drift, and the spread of single requests.
func (n *noise) factor(now time.Time, spread float64) float64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	if dt := now.Sub(n.at); !n.at.IsZero() && dt > 0 {
		keep := math.Exp(-float64(dt) / float64(driftFades))
		n.drift = keep*n.drift + driftSpread*math.Sqrt(1-keep*keep)*n.rand.NormFloat64()
	}
	n.at = now
	return math.Exp(n.level + n.drift + spread*n.rand.NormFloat64())
}

// happens returns true with probability p.
func (n *noise) happens(p float64) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.rand.Float64() < p
}

// wait returns a random duration with the given mean, exponentially distributed.
func (n *noise) wait(mean time.Duration) time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	return time.Duration(float64(mean) * n.rand.ExpFloat64())
}
