package evidence

import (
	"math"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
)

// TestLaws: there is a law for every kind under every strategy, and none of them
// says anything before it was told anything.
func TestLaws(t *testing.T) {
	strategies := []andon.Strategy{andon.Canary, andon.Rolling, andon.BlueGreen, andon.RegionControl, andon.BeforeAfter, andon.LoadTest, andon.Threshold}
	kinds := []andon.Kind{andon.Counts, andon.Crashes, andon.Failures, andon.Latency, andon.Resource, andon.Memory, andon.Value, "none of ours"}
	for _, strategy := range strategies {
		for _, kind := range kinds {
			for _, family := range []andon.Family{"", andon.StartUpFamily} {
				s := Settings{
					Signal: andon.Signal{Name: "x", Metric: "x", Kind: kind, Family: family}, Kind: kind, Strategy: strategy,
					Step: time.Minute, WarmUp: 3 * time.Minute, Scale: &deviation.Scale{Kind: kind},
				}
				l := NewLaw(s)
				if e := l.LogE(); e != 0 {
					t.Errorf("%s, %s, %q: evidence %g of nothing", strategy, kind, family, e)
				}
				if r := l.Reach(); r.Bins != 0 || r.Past != 0 || r.Needed < 1 {
					t.Errorf("%s, %s, %q: reach %+v of nothing", strategy, kind, family, r)
				}
				if d := l.Smallest(math.Log(1000)); deviation.Known(d) {
					t.Errorf("%s, %s, %q: smallest effect %g of nothing", strategy, kind, family, d)
				}
				if c := l.Contrast(Effect{}); deviation.Known(c.Effect) || c.Past != 0 {
					t.Errorf("%s, %s, %q: contrast %+v of nothing", strategy, kind, family, c)
				}
				var lesson andon.Lesson
				if l.Teach(&lesson); !lesson.Empty() {
					t.Errorf("%s, %s, %q: teaches %+v", strategy, kind, family, lesson)
				}
			}
		}
	}
}
