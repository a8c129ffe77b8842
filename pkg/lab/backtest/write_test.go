package backtest

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/andon-project/andon/internal/testkit"
	"github.com/andon-project/andon/pkg/andon"
)

// written is a report with all that a report can hold.
func written() *Report {
	at := func(minutes int) time.Time { return monday.Add(time.Duration(minutes) * time.Minute) }
	fail := at(607)
	verdict := func(d andon.Decision, evidence float64, reason string) andon.Verdict {
		return andon.Verdict{Rollout: "x", Service: "shop", At: at(660), Verdict: d, Score: .5, Evidence: andon.Number(evidence), Blame: .5, Quality: andon.OK, Reason: reason, Findings: []andon.Finding{}}
	}
	ro := func(version, previous string, start, end int) andon.Rollout {
		r := andon.Rollout{ID: "shop-" + version, Service: "shop", Version: version, Previous: previous, Started: at(start)}
		if end > 0 {
			r.Ended = at(end)
		}
		return r
	}
	bad := verdict(andon.Fail, 41250, "errors rose from 0.01 to 0.20")
	bad.FirstFail = &fail
	return &Report{
		Since: monday, Until: friday, Queries: 98,
		Rollouts: []Outcome{
			{Rollout: ro("v2", "v1", 60, 125), Verdict: verdict(andon.Pass, 1.2, "no signal tells the candidate from control"), Reached: andon.Unknown},
			{Rollout: ro("v3", "v2", 600, 620), Verdict: bad, Reached: .2},
			{Rollout: ro("v4", "v2", 900, 0), Verdict: verdict(andon.Inconclusive, math.NaN(), "errors could not be read:\nno answer"), Reached: andon.Unknown, Open: true},
		},
		Services: []Service{
			{
				Name: "shop", Configured: andon.Medium, Suggested: andon.High, Reason: "1 of 184 placebos failed, high promises 1 in 100",
				Signals: []Signal{
					{Name: "errors", Weight: .3125, Windows: 184, Warned: 2, Alarmed: 1, Deviation: .16, Missing: 0},
					{Name: "memory", Windows: 0, Deviation: andon.Unknown, Missing: andon.Unknown},
				},
				Trials: []Trial{{andon.High, 184, 1, .01, true}, {andon.Medium, 184, 1, .001, true}, {andon.Low, 184, 0, .0001, true}},
			},
			{Name: "cart", Configured: andon.Low, Notes: []string{"no version label"}, Reason: "there is no history of its versions"},
		},
	}
}

func TestWriteTable(t *testing.T) {
	for name, r := range map[string]*Report{
		"table.txt": written(),
		"none.txt":  {Since: monday, Until: friday, Queries: 1, Services: written().Services[1:]},
	} {
		var b strings.Builder
		if err := WriteTable(&b, r); err != nil {
			t.Fatal(err)
		}
		testkit.Golden(t, name, b.String())
	}
}

func TestWriteLines(t *testing.T) {
	var b strings.Builder
	if err := WriteLines(&b, written()); err != nil {
		t.Fatal(err)
	}
	testkit.Golden(t, "lines.jsonl", b.String())
	kinds := map[string]int{}
	for line := range strings.Lines(b.String()) {
		var l struct {
			Kind, Service string
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil || l.Service == "" {
			t.Errorf("%q: %v", line, err)
		}
		kinds[l.Kind]++
	}
	if kinds["rollout"] != 3 || kinds["signal"] != 2 || kinds["sensitivity"] != 3 || kinds["service"] != 2 {
		t.Errorf("got %v", kinds)
	}
}
