package demo

import (
	"math"
	"math/rand/v2"
	"time"
)

// surroundings are influences on a shop from outside. The zero surroundings are those
// of the demonstration: none.
type surroundings struct {
	traffic  func(at time.Duration) float64            // factor of Config.Rate
	crowding func(place int, at time.Duration) float64 // factor of the duration of work of the node at a place of each service, because others use its machine
	uneven   float64                                   // factor of the lasting difference between nodes
}

// between returns the mean time between two customers now.
func (s *Shop) between(now time.Time) time.Duration {
	rate := s.config.Rate
	if traffic := s.config.around.traffic; traffic != nil {
		rate *= traffic(now.Sub(s.opened))
	}
	return time.Duration(float64(time.Second) / rate)
}

// surround puts a node into the surroundings of its place.
func (s *Shop) surround(n *node, place int) {
	if u := s.config.around.uneven; u > 0 {
		n.noise.level *= u
	}
	n.crowding = func(now time.Time) float64 {
		if c := s.config.around.crowding; c != nil {
			return c(place, now.Sub(s.opened))
		}
		return 1
	}
}

// rising is traffic that grows linearly from 1 at one time to the given multiple at
// another.
func rising(from, until time.Duration, times float64) func(time.Duration) float64 {
	return func(at time.Duration) float64 {
		share := float64(at-from) / float64(until-from)
		return 1 + (times-1)*min(max(share, 0), 1)
	}
}

// restless is traffic that wanders at random, with sudden crowds that stay for some
// seconds.
func restless(seed uint64, length time.Duration) func(time.Duration) float64 {
	const (
		every  = time.Second
		spread = .3               // standard deviation of the logarithm of what wanders
		fades  = 45 * time.Second // after which that has lost 63% of itself
		crowds = 1. / 90          // that come in a second
		stay   = 12 * time.Second
		crowd  = 1.8
	)
	r := rand.New(rand.NewPCG(seed, 200))
	keep := math.Exp(-float64(every) / float64(fades))
	var out []float64
	wander, until := r.NormFloat64(), time.Duration(0)
	for at := time.Duration(0); at <= length; at += every {
		wander = keep*wander + math.Sqrt(1-keep*keep)*r.NormFloat64()
		f := math.Exp(spread * wander)
		if r.Float64() < crowds {
			until = at + stay
		}
		if at < until {
			f *= crowd
		}
		out = append(out, f)
	}
	return func(at time.Duration) float64 { return out[min(max(int(at/every), 0), len(out)-1)] }
}

// neighbour is another program on the machine of the nodes at one place. It works for
// about a minute now and then; the nodes then take the given multiple of the time.
func neighbour(seed uint64, place int, times float64, length time.Duration) func(int, time.Duration) float64 {
	const works, rests = 40 * time.Second, 80 * time.Second
	r := rand.New(rand.NewPCG(seed, 300))
	var turns []time.Duration // when it begins and ends to work
	for at := time.Duration(0); at <= length; {
		for _, mean := range []time.Duration{rests, works} {
			at += time.Duration(float64(mean) * r.ExpFloat64())
			turns = append(turns, at)
		}
	}
	return func(p int, at time.Duration) float64 {
		if p != place {
			return 1
		}
		passed := 0
		for passed < len(turns) && turns[passed] <= at {
			passed++
		}
		if passed%2 == 1 {
			return times
		}
		return 1
	}
}
