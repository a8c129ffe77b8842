package replay

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/judge"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var noon = time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)

// shop makes the samples of goodCase: success of four old pods, and of one new
// one from noon on that fails this share of its calls.
func shop(fails float64) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	b.WriteString("# TYPE success gauge\n")
	for pod := range 5 {
		version, share := "v1", .02
		if pod == 4 {
			version, share = "v2", fails
		}
		for m := -30; m <= 40; m++ {
			if version == "v2" && m < 1 {
				continue
			}
			ok := 0
			for range 50 {
				if r.Float64() >= share {
					ok++
				}
			}
			fmt.Fprintf(&b, "success{service=\"shop\",pod=\"p%d\",version=\"%s\"} %g %d\n", pod, version, float64(ok)/50, noon.Add(time.Duration(m)*time.Minute).Unix())
		}
	}
	b.WriteString("# EOF\n")
	return []byte(b.String())
}

func load(t *testing.T, text string, body []byte) *Case {
	t.Helper()
	c, err := LoadCase(writeCase(t, text, zip(t, body)))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestReplay(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fails float64
		want  andon.Decision
	}{
		{"bad", .6, andon.Fail},
		{"clean", .02, andon.Pass},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inspected := 0
			got, err := Replay(t.Context(), load(t, goodCase, shop(tt.fails)), Options{Inspect: func(ctx context.Context, a *judge.Analyzer, j Outcome) error {
				inspected++
				d, err := a.Metrics.Deviate(ctx, andon.Compare(j.Rollout, j.Service, j.Service.Signals[0]), andon.Range{Start: noon, End: j.Verdict.At, Step: time.Minute})
				if err != nil || len(d) != 1 || d[0].Node != "p4" {
					t.Errorf("deviations %v, %v", d, err)
				}
				return nil
			}})
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != 1 || inspected != 1 {
				t.Fatalf("%d verdicts, %d inspected", len(got), inspected)
			}
			v := got[0].Verdict
			if v.Verdict != tt.want || v.Case != "shop" || v.Rollout != "shop-v2" || !v.At.Equal(noon.Add(40*time.Minute)) {
				t.Errorf("got %+v", v)
			}
			if (v.FirstFail != nil) != (tt.want == andon.Fail) {
				t.Errorf("first fail %v", v.FirstFail)
			}
			if len(got[0].Trail) < 2 {
				t.Errorf("a trail of %d points", len(got[0].Trail))
			}
		})
	}
}

// TestReplaySeesNothingLater changes all that comes after a tick and wants
// what was said up to then to stay.
func TestReplaySeesNothingLater(t *testing.T) {
	c := load(t, goodCase, shop(.3))
	got, err := Replay(t.Context(), c, Options{})
	if err != nil {
		t.Fatal(err)
	}
	fail := got[0].Verdict.FirstFail
	if fail == nil {
		t.Fatal("the case does not fail")
	}
	for _, cut := range []time.Time{*fail, fail.Add(-time.Minute)} {
		changed := *c
		changed.Samples = slices.Clone(c.Samples)
		for i, s := range changed.Samples {
			if s.Time > cut.UnixMilli() {
				changed.Samples[i].Value = 1
			}
		}
		again, err := Replay(t.Context(), &changed, Options{})
		if err != nil {
			t.Fatal(err)
		}
		until := func(j Outcome) []judge.Point {
			return slices.DeleteFunc(slices.Clone(j.Trail), func(p judge.Point) bool { return p.At.After(cut) })
		}
		if d := cmp.Diff(until(got[0]), until(again[0])); d != "" {
			t.Errorf("the evidence up to %s changed with what came after (-before +after):\n%s", cut, d)
		}
		first := again[0].Verdict.FirstFail
		if cut.Equal(*fail) && (first == nil || !first.Equal(*fail)) {
			t.Errorf("failed first at %v, and at %v when what came after was changed", fail, first)
		}
	}
}

func TestAskRefusesTheFuture(t *testing.T) {
	p := player{now: noon}
	_, err := p.ask(t.Context(), "up", andon.Range{Start: noon, End: noon.Add(time.Second), Step: time.Second})
	if err == nil || !strings.Contains(err.Error(), "beyond the tick at 2024-05-01T12:00:00Z") {
		t.Errorf("got %v", err)
	}
}

func TestTicks(t *testing.T) {
	c := load(t, goodCase, shop(0))
	c.Rollouts = []andon.Rollout{
		{ID: "a", Service: "shop", Started: noon.Add(10 * time.Second), Ended: noon.Add(3*time.Minute + 30*time.Second)},
		{ID: "b", Service: "shop", Started: noon.Add(2 * time.Minute), Ended: noon.Add(5 * time.Minute), Stages: []time.Time{noon.Add(2 * time.Minute), noon.Add(4 * time.Minute)}},
	}
	var got []string
	for _, now := range c.ticks() {
		under, _ := c.underWay(now)
		text := now.Format("04:05")
		for _, u := range under {
			text += fmt.Sprintf(" %s%d", u.Rollout.ID, len(u.Rollout.Stages))
			if !u.Rollout.Ended.IsZero() {
				text += "."
			}
			if time.Duration(u.Service.Step) != time.Minute {
				t.Errorf("the service's step is %s", u.Service.Step)
			}
		}
		got = append(got, text)
	}
	want := []string{"01:00 a0", "02:00 a0 b1", "03:00 a0 b1", "03:30 a0. b1", "04:00 b2", "05:00 b2."}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("ticks (-want +got):\n%s", d)
	}
}

func TestAll(t *testing.T) {
	root := t.TempDir()
	var dirs []string
	for i := range 6 {
		name := fmt.Sprintf("case-%d", i)
		dir := writeCase(t, strings.Replace(goodCase, "name: shop\n", "name: "+name+"\n", 1), zip(t, shop(.6)))
		if i == 4 {
			if err := os.WriteFile(filepath.Join(dir, caseFile), []byte("sauce: 1"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		dirs = append(dirs, filepath.Join(root, name))
		if err := os.Rename(dir, dirs[i]); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	each := func(r Result) error {
		if r.Err == nil {
			names = append(names, r.Case.Name)
		}
		return nil
	}
	err := All(t.Context(), dirs, Options{}, each)
	var wrong *InputError
	if !errors.As(err, &wrong) || !strings.Contains(err.Error(), filepath.Join("case-4", caseFile)) {
		t.Errorf("error %v", err)
	}
	if want := "case-0 case-1 case-2 case-3"; strings.Join(names, " ") != want {
		t.Errorf("results of %v, want %s", names, want)
	}
	enough := errors.New("enough")
	if err := All(t.Context(), dirs, Options{}, func(Result) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("error %v, want %v", err, enough)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := All(ctx, dirs, Options{}, each); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v after the end", err)
	}
}

// TestVerdictOnTheWire keeps the names that other programs read.
func TestVerdictOnTheWire(t *testing.T) {
	got, err := Replay(t.Context(), load(t, goodCase, shop(.6)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(got[0].Verdict)
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	keys := slices.Sorted(maps.Keys(v))
	want := []string{"at", "basis", "blame", "calibration", "case", "evidence", "findings", "first_fail", "quality", "reason", "rollout", "score", "service", "stages", "strategy", "verdict", "weight_of_evidence"}
	if d := cmp.Diff(want, keys); d != "" {
		t.Errorf("keys of a verdict (-want +got):\n%s", d)
	}
	if v["verdict"] != "fail" || v["strategy"] != "canary" {
		t.Errorf("%s", b)
	}
}

func TestTable(t *testing.T) {
	c := load(t, goodCase, shop(.6))
	c.Truth = []Truth{{Rollout: "a", Regression: true}, {Rollout: "b"}}
	c.Rollouts = []andon.Rollout{{ID: "a", Started: noon}, {ID: "b", Started: noon}, {ID: "c", Started: noon}}
	fail := noon.Add(9*time.Minute + 42*time.Second)
	r := Result{Case: c, Outcomes: []Outcome{
		{Verdict: andon.Verdict{Rollout: "a", Service: "shop", Verdict: andon.Fail, Score: 1, Evidence: 41250, Blame: .97, FirstFail: &fail, Reason: "because",
			Findings: []andon.Finding{{Reason: "latency rose", Evidence: 3, Weight: .5}, {Reason: "success fell\nto 40%", Evidence: 1e6, Weight: .25}}}},
		{Verdict: andon.Verdict{Rollout: "b", Service: "a-much-longer-name", Verdict: andon.Pass, Score: 0, Evidence: .3, Blame: 0, Reason: "no sign"}},
		{Verdict: andon.Verdict{Rollout: "c", Service: "shop", Verdict: andon.Inconclusive, Score: andon.Unknown, Evidence: andon.Unknown, Blame: andon.Unknown, Reason: "no data"}},
	}}
	for _, colour := range []bool{false, true} {
		var b strings.Builder
		table := NewTable(&b, colour)
		table.Add(r)
		if err := table.Flush(); err != nil {
			t.Fatal(err)
		}
		golden := filepath.Join("testdata", fmt.Sprintf("table-colour-%v.txt", colour))
		if *update {
			if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), b.String()); d != "" {
			t.Errorf("%s (-want +got):\n%s", golden, d)
		}
	}
}
