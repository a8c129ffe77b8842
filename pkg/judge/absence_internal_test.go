package judge

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/evidence"
)

// The capital does not grow on average however absence and signals hang together:
// here signals gain most in the very bins in which no node comes up, and nodes
// that came vanish again. Counted from when nodes may be bet on, waits follow the
// law that is assumed.
func TestCapitalDoesNotGrow(t *testing.T) {
	const runs, bins = 20_000, 30
	r := rand.New(rand.NewPCG(17, 1))
	start := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	var sum, square float64
	spells := 0
	for range runs {
		c := &subject{step: time.Minute, rollout: andon.Rollout{Started: start, Stages: []time.Time{start}}}
		a := &absence{
			subject: c, grace: time.Minute, warm: 30 * time.Minute,
			signals: 1 - absentReserve, reserve: absentReserve, share: math.Inf(-1),
		}
		up, logM, logE := false, 0., 0.
		for n := 1; n <= bins; n++ {
			at := start.Add(time.Duration(n) * time.Minute)
			// Until there is a bet, whatever happens; then by the predictive law.
			stay, swing := .9, .3
			if !up && !at.Before(deviation.Later(start, a.last).Add(a.grace)) {
				law, t := a.startups(at), a.span().Seconds()
				stay = math.Exp(law.LogSurvival(t+60) - law.LogSurvival(t))
			}
			if up {
				stay = .97 // up
			}
			stays := r.Float64() < stay
			// M gains where nodes stay away, as much as it loses else on average.
			if stays {
				logM += math.Log1p(swing * (1 - stay))
			} else {
				logM += math.Log1p(-swing * stay)
				up = !up
			}
			var cand []deviation.Sample
			if up {
				cand = []deviation.Sample{{Node: "new", Value: 1}}
			}
			a.fold(evidence.Bin{At: at, Stage: start}, cand, []deviation.Sample{{Node: "old", Value: 1}})
			logE = a.invest(logM)
		}
		spells += a.spells
		sum, square = sum+math.Exp(logE), square+math.Exp(2*logE)
	}
	mean := sum / runs
	se := math.Sqrt((square/runs - mean*mean) / runs)
	if spells < runs/2 || se > .1 {
		t.Fatalf("%d spells in %d runs, standard error %.2f; the test tells nothing", spells, runs, se)
	}
	if mean > 1+4*se || mean < 1-4*se {
		t.Errorf("the capital is %.3f on average, standard error %.3f; want 1", mean, se)
	}
}
