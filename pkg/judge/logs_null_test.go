package judge_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// A harmless rollout's logs: the same law on every node, whatever its version.
var harmless = []struct {
	name  string
	write func(s *scribe, w fleetOf)
}{
	{"Poisson lines", func(s *scribe, w fleetOf) { w.each(func(n nodeOf) { s.common(n) }) }},
	{"bursts", func(s *scribe, w fleetOf) {
		w.each(func(n nodeOf) {
			s.common(n)
			s.bursts(n, "error: retry %d of backend", 4, 10, time.Minute)
			s.bursts(n, "error: disk %d is slow", 1, 30, 10*time.Minute)
		})
	}},
	{"something new now and then", func(s *scribe, w fleetOf) {
		w.each(func(n nodeOf) { s.common(n); s.news(n, 2) })
	}},
	{"something new often, in bursts", func(s *scribe, w fleetOf) {
		w.each(func(n nodeOf) {
			s.common(n)
			s.news(n, 6)
			for k := range s.rng.IntN(3) {
				s.bursts(n, fmt.Sprintf("error: %s module %s gave up on %%d", word(s.rng.IntN(1<<30)), word(k)), .5, 10, 20*time.Minute)
			}
		})
	}},
	{"something new stays, everywhere", func(s *scribe, w fleetOf) {
		// An outage outside, some time around the rollout.
		at := noon.Add(time.Duration(s.rng.IntN(120)-60) * time.Minute)
		w.each(func(n nodeOf) {
			s.common(n)
			s.poisson(n.name, n.version, "error: backend %d is unreachable", maxTime(n.from, at), n.to, .3)
		})
	}},
	{"a daily job", func(s *scribe, w fleetOf) {
		at := noon.Add(time.Duration(s.rng.IntN(60)) * time.Minute)
		w.each(func(n nodeOf) {
			s.common(n)
			if at.After(n.from) {
				s.poisson(n.name, n.version, "error: job row %d skipped", at, at.Add(10*time.Minute), 3)
			}
		})
	}},
	{"crashes now and then", func(s *scribe, w fleetOf) {
		w.each(func(n nodeOf) {
			s.common(n)
			for t := n.from; t.Before(n.to); t = t.Add(time.Duration(s.rng.ExpFloat64() * float64(20*time.Minute))) {
				if t.After(n.from) {
					s.crash(n.name, n.version, t)
				}
			}
		})
	}},
}

// A nodeOf is one node of a made-up fleet.
type nodeOf struct {
	name, version string
	from, to      time.Time
}

// A fleetOf is the nodes of both versions.
type fleetOf []nodeOf

// aFleet has 3 to 12 nodes, of which 1 to a half are replaced from noon on, one
// or two at a time.
func (s *scribe) aFleet() fleetOf {
	var f fleetOf
	k := 3 + s.rng.IntN(10)
	m := 1 + s.rng.IntN(max(1, k/2))
	for i := range k {
		n := nodeOf{fmt.Sprintf("old-%d", i), "v1", noon.Add(-90 * time.Minute), noon.Add(time.Hour)}
		f = append(f, n)
	}
	for i := range m {
		f = append(f, nodeOf{fmt.Sprintf("new-%d", i), "v2", noon.Add(time.Duration(1+3*(i/2)) * time.Minute), noon.Add(time.Hour)})
	}
	return f
}

func (f fleetOf) each(do func(nodeOf)) {
	for _, n := range f {
		do(n)
	}
}

// common is what every service says.
func (s *scribe) common(n nodeOf) {
	s.poisson(n.name, n.version, "served request %d in time", n.from, n.to, 2)
	s.poisson(n.name, n.version, "error: cart %d not found", n.from, n.to, .2)
	s.poisson(n.name, n.version, "error: price of %d is stale", n.from, n.to, .02)
}

// bursts come so many times an hour, each of so many lines on average, within a
// while.
func (s *scribe) bursts(n nodeOf, text string, anHour, lines float64, within time.Duration) {
	for t := n.from; ; {
		t = t.Add(time.Duration(s.rng.ExpFloat64() / anHour * float64(time.Hour)))
		if !t.Before(n.to) {
			return
		}
		for range 1 + int(s.rng.ExpFloat64()*lines) {
			if at := t.Add(time.Duration(s.rng.Float64() * float64(within))); at.Before(n.to) {
				s.say(n.name, n.version, fmt.Sprintf(text, s.rng.IntN(100000)), at)
			}
		}
	}
}

// news says something that nobody ever said, so many times an hour.
func (s *scribe) news(n nodeOf, anHour float64) {
	for t := n.from; ; {
		t = t.Add(time.Duration(s.rng.ExpFloat64() / anHour * float64(time.Hour)))
		if !t.Before(n.to) {
			return
		}
		s.say(n.name, n.version, fmt.Sprintf("error: %s of %s is %s", word(s.rng.IntN(1<<30)), word(s.rng.IntN(1<<30)), word(s.rng.IntN(1<<30))), t)
	}
}

// word makes a word of a number.
func word(n int) string {
	b := []byte{}
	for ; n > 0 || len(b) < 3; n /= 20 {
		b = append(b, "bcdfghjklm"[n%10], "aeiou"[n/10%2*2+n%2])
	}
	return string(b)
}

// worlds is how many rollouts of each kind are drawn.
func worlds(t *testing.T) int {
	if n, err := strconv.Atoi(os.Getenv("ANDON_WORLDS")); err == nil {
		return n
	}
	if testing.Short() {
		return 20
	}
	return 60
}

// seed is where the worlds begin, for more of them than one go can draw.
func seed() uint64 {
	n, _ := strconv.ParseUint(os.Getenv("ANDON_SEED"), 10, 64)
	return n
}

// Of harmless rollouts no more fail at medium than is promised.
func TestHarmlessLogs(t *testing.T) {
	n := worlds(t)
	for _, c := range harmless {
		t.Run(c.name, func(t *testing.T) {
			var failed, warned, passed atomic.Int64
			var wg sync.WaitGroup
			next := atomic.Int64{}
			for range 2 {
				wg.Go(func() {
					for i := next.Add(1); int(i) <= n; i = next.Add(1) {
						v := harmlessRollout(t, seed()+uint64(i), c.write)
						switch {
						case v.Verdict == andon.Fail:
							failed.Add(1)
							t.Logf("world %d: %s", i, v.Reason)
						case v.Verdict == andon.Pass:
							passed.Add(1)
						}
						if v.Evidence >= 100 {
							warned.Add(1)
						}
					}
				})
			}
			wg.Wait()
			p := .001
			most := p + 3*math.Sqrt(p*(1-p)/float64(n))
			if got := float64(failed.Load()) / float64(n); got > most {
				t.Errorf("%d of %d fail, at most %.4f may", failed.Load(), n, most)
			}
			if int(passed.Load()) < n*8/10 {
				t.Errorf("%d of %d pass", passed.Load(), n)
			}
			t.Logf("%d rollouts: %d fail, %d reach 100, %d pass", n, failed.Load(), warned.Load(), passed.Load())
		})
	}
}

func harmlessRollout(t *testing.T, seed uint64, write func(*scribe, fleetOf)) andon.Verdict {
	s := newScribe(seed)
	f := s.aFleet()
	write(s, f)
	v, err := s.analyzer().Judge(context.Background(), newWorld(time.Minute, noon, noon).canary(), shop(errorLogs, panics), noon.Add(time.Hour))
	if err != nil {
		t.Error(err)
	}
	return v
}
