package analysis

import (
	"math"
	"testing"
	"time"
)

// TestLaws: there is a law for every kind under every strategy, and none of them
// says anything before it was told anything.
func TestLaws(t *testing.T) {
	strategies := []Strategy{Canary, Rolling, BlueGreen, RegionControl, BeforeAfter, LoadTest, Threshold}
	kinds := []Kind{Counts, Crashes, Failures, Latency, Resource, Memory, Value, "none of ours"}
	for _, strategy := range strategies {
		for _, kind := range kinds {
			for _, family := range []Family{"", StartUpFamily} {
				s := settings{
					signal: Signal{Name: "x", Metric: "x", Kind: kind, Family: family}, kind: kind, strategy: strategy,
					step: time.Minute, warmUp: 3 * time.Minute, scale: &scale{kind: kind},
				}
				l := newLaw(s)
				if e := l.logE(); e != 0 {
					t.Errorf("%s, %s, %q: evidence %g of nothing", strategy, kind, family, e)
				}
				if r := l.reach(); r.bins != 0 || r.past != 0 || r.wanted < 1 {
					t.Errorf("%s, %s, %q: reach %+v of nothing", strategy, kind, family, r)
				}
				if d := l.smallest(math.Log(1000)); known(d) {
					t.Errorf("%s, %s, %q: smallest effect %g of nothing", strategy, kind, family, d)
				}
				if c := l.contrast(effect{}); known(c.effect) || c.past != 0 {
					t.Errorf("%s, %s, %q: contrast %+v of nothing", strategy, kind, family, c)
				}
				var lesson Lesson
				if l.teach(&lesson); !lesson.empty() {
					t.Errorf("%s, %s, %q: teaches %+v", strategy, kind, family, lesson)
				}
			}
		}
	}
}
