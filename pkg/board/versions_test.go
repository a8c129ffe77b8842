package board

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// present reads a presence: one line a version, one letter a minute, x where
// it has samples.
func present(text string) (map[string][]bool, andon.Range) {
	out := map[string][]bool{}
	steps := 0
	for line := range strings.Lines(text) {
		version, marks, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok {
			continue
		}
		for _, m := range strings.TrimSpace(marks) {
			out[version] = append(out[version], m == 'x')
		}
		steps = len(out[version])
	}
	return out, andon.Range{Start: noon, End: noon.Add(time.Duration(steps-1) * time.Minute), Step: time.Minute}
}

func TestAppearances(t *testing.T) {
	tests := []struct {
		name, presence string
		want           string // version<previous@minute, + if together, -minute when gone
	}{
		{"nothing new", `
			v1 xxxxxxxxxxxxxxxxxxxx
			v2 xxxxxxxxxxxxxxxxxxxx`, ""},
		{"a canary", `
			v1 xxxxxxxxxxxxxxxxxxxx
			v2 ........xxxxxxxxxxxx`, "v2<v1@8+"},
		{"all at once", `
			v1 xxxxxxxx............
			v2 ........xxxxxxxxxxxx`, "v2<v1@8"},
		{"before any control was seen", `
			v1 xxxxxxxxxxxxxxxxxxxx
			v2 ..xxxxxxxxxxxxxxxxxx`, ""},
		{"the very first version", `
			v1 ........xxxxxxxxxxxx`, ""},
		{"after a gap in all data", `
			v1 xxxxxx........xxxxxx
			v2 xxxxxx.........xxxxx`, ""},
		{"a flapping series is one", `
			v1 xxxxxxxxxxxxxxxxxxxx
			v2 ........x..x.x...xxx`, "v2<v1@8+"},
		{"canary taken back: no rollout of what was control", `
			v1 xxxxxxxxxxxxxxxxxxxx
			v2 ........xxxx........`, "v2<v1@8+-12"},
		{"rolled out and back before the old was gone", `
			v1 xxxxxxxxx...xxxxxxxx
			v2 ........xxxxx.......`, "v2<v1@8+-13"},
		{"back after the old was gone", `
			v1 xxxxxxxxx......xxxxxxxxx
			v2 ........xxxxxxxxx.......`, "v2<v1@8+-17 v1<v2@15+"},
		{"two after another", `
			v1 xxxxxxxxxxxx............
			v2 ......xxxxxxxxxxxx......
			v3 ..............xxxxxxxxxx`, "v2<v1@6+-18 v3<v2@14+"},
		{"a quarter of an hour of nothing, then another", `
			v1 xxxxxxx...................
			v2 ......................xxxx`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, r := present(tt.presence)
			var got []string
			for _, c := range appearances(p, r) {
				s := fmt.Sprintf("%s<%s@%d", c.version, c.previous, int(c.at.Sub(noon).Minutes()))
				if c.together {
					s += "+"
				}
				if !c.gone.IsZero() {
					s += fmt.Sprintf("-%d", int(c.gone.Sub(noon).Minutes()))
				}
				got = append(got, s)
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("got %q, want %q", s, tt.want)
			}
		})
	}
}

func TestVersionQuery(t *testing.T) {
	tests := []struct{ metric, per, want string }{
		{`rate(all{code="500"}[5m])`, `rate(all{job="a"}[5m])`, `count by (version) (all{job="a"})`},
		{`sum by (pod) (rate(errors_total{app="a"}[5m] offset 1h)) / sum by (pod) (rate(all[5m]))`, ``, `count by (version) (errors_total{app="a"})`},
		{`histogram_quantile(0.9, sum by (le, pod) (rate(b_bucket[5m])))`, ``, `count by (version) (b_bucket)`},
		{`{__name__="up",job="a"} @ end()`, ``, `count by (version) ({__name__="up",job="a"})`},
	}
	for _, tt := range tests {
		svc := andon.Service{Version: "version", Signals: []andon.Signal{{Logs: "{}"}, {Metric: tt.metric, Per: tt.per}}}
		got, ok := VersionQuery(svc)
		if !ok || got != tt.want {
			t.Errorf("of %s: got %s, want %s", tt.metric, got, tt.want)
		}
		if _, err := promQL.ParseExpr(got); err != nil {
			t.Errorf("%s is not PromQL: %v", got, err)
		}
	}
}

func TestLastGrowth(t *testing.T) {
	minute := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }
	r := andon.Range{Start: noon, Step: time.Minute}
	tests := []struct {
		name     string
		old, new []float64
		stages   []time.Time
		want     time.Time
	}{
		{"goes out by and by", []float64{4, 3, 3, 3, 3, 3, 3, 2, 2}, []float64{0, 1, 1, 1, 1, 1, 1, 2, 2}, nil, minute(7)},
		{"soon after the last stage", []float64{4, 3, 2, 2, 2, 2, 2, 2, 2}, []float64{0, 1, 2, 2, 2, 2, 2, 2, 2}, nil, time.Time{}},
		{"known already", []float64{4, 3, 3, 3, 3, 3, 3, 2, 2}, []float64{0, 1, 1, 1, 1, 1, 1, 2, 2}, []time.Time{minute(7)}, time.Time{}},
		{"grows once it is alone", []float64{4, 3, 3, 3, 3, 3, 0, 0, 0}, []float64{0, 1, 1, 1, 1, 1, 1, 2, 2}, nil, time.Time{}},
		{"a node that restarts", []float64{2, 2, 2, 2, 2, 2, 2, 2, 2}, []float64{0, 2, 2, 2, 1, 1, 1, 2, 2}, nil, time.Time{}},
		{"the old was never seen", nil, []float64{0, 1, 1, 1, 1, 1, 1, 2, 2}, nil, time.Time{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			nodes := map[string][]float64{"v2": tt.new}
			if tt.old != nil {
				nodes["v1"] = tt.old
			}
			ro := andon.Rollout{Version: "v2", Previous: "v1", Started: minute(1), Stages: tt.stages}
			if got := lastGrowth(nodes, ro, r); !got.Equal(tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestCohortsByVersion(t *testing.T) {
	sel := func(v string) andon.Selector { return andon.Selector{"version": v} }
	tests := []struct {
		name               string
		ro                 andon.Rollout
		label              string
		candidate, control andon.Selector
	}{
		{"against previous", andon.Rollout{Version: "2", Previous: "1"}, "version", sel("2"), sel("1")},
		{"against all others", andon.Rollout{Version: "2"}, "version", sel("2"), sel("!=2")},
		{"as announced", andon.Rollout{Version: "2", Candidate: sel("x")}, "version", sel("x"), nil},
		{"by time", andon.Rollout{Version: "2", Strategy: andon.BeforeAfter}, "version", nil, nil},
		{"without a label", andon.Rollout{Version: "2"}, "", nil, nil},
		{"without a version", andon.Rollout{}, "version", nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := WithCohorts(tt.ro, tt.label)
			if got.Candidate["version"] != tt.candidate["version"] || got.Control["version"] != tt.control["version"] || len(got.Control) != len(tt.control) {
				t.Errorf("got %v against %v, want %v against %v", got.Candidate, got.Control, tt.candidate, tt.control)
			}
		})
	}
}
