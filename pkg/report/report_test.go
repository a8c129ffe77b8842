package report

import (
	"context"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/judge"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var began = time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)

// deviationOf makes up a node: control near 100 with a spread of 5, the node
// steps away by shift standard deviations at the start, and gap minutes are
// missing after it.
func deviationOf(node string, shift float64, gap int) deviation.Deviation {
	r := rand.New(rand.NewPCG(7, uint64(len(node))))
	d := deviation.Deviation{Node: node}
	for m := -60; m <= 90; m++ {
		s := r.NormFloat64()
		if m >= 5 {
			s += shift
		}
		c := 100 + 10*math.Sin(float64(m)/40)
		v := c + 5*s
		if m >= 20 && m < 20+gap {
			s, v = math.NaN(), math.NaN()
		}
		d.Times = append(d.Times, began.Add(time.Duration(m)*time.Minute))
		d.Sigma = append(d.Sigma, s)
		d.Value = append(d.Value, v)
		d.Centre = append(d.Centre, c)
		d.Low = append(d.Low, c-10)
		d.High = append(d.High, c+10)
	}
	return d
}

func example() Page {
	fail := began.Add(16 * time.Minute)
	p := Page{
		Rollout: andon.Rollout{ID: "checkout-2024-05-01", Service: "checkout", Version: "v2.3.1", Previous: "v2.3.0", Strategy: andon.Rolling, Tool: "argo-rollouts",
			Started: began, Stages: []time.Time{began.Add(time.Minute), began.Add(20 * time.Minute), began.Add(22 * time.Minute), began.Add(60 * time.Minute)}, Scope: map[string]string{"region": "eu-west-1"}},
		Service: andon.Service{Name: "checkout", Layer: andon.Software, Node: "pod"},
		Verdict: andon.Verdict{Rollout: "checkout-2024-05-01", Service: "checkout", At: began.Add(90 * time.Minute), Verdict: andon.Fail, Score: .998, Evidence: 41250, Blame: .97,
			FirstFail: &fail, Strategy: andon.Rolling, Quality: andon.OK, Reason: "latency rose from 102 ms to 121 ms on checkout-v2-7d9f, and has stayed there for 70 minutes"},
		Home: "../",
	}
	second := began.Add(20 * time.Minute)
	p.Verdict.Basis = `nodes with {version="v2.3.1"} beside those with {version="v2.3.0"} at the same time`
	p.Verdict.Dependencies = &andon.Dependencies{
		Calls:  []andon.Call{{Service: "payment", From: andon.DeclaredCall}, {Service: "ledger", Through: "payment", From: "calls_total > 0"}},
		Notice: "who calls whom is as calls_total > 0 showed it at 2026-03-01T12:00:00Z: the server is away",
	}
	p.Verdict.Stages = []andon.StageVerdict{
		{Stage: 1, From: began, To: &second, Verdict: andon.Fail, Evidence: 41250, Reason: "latency rose from 102 ms to 121 ms"},
		{Stage: 2, From: second, Verdict: andon.Fail, Evidence: .8, Reason: "latency rose from 102 ms to 121 ms"},
	}
	p.Verdict.Scopes = []andon.ScopeVerdict{
		{Label: "region", Value: "eu-west", Verdict: andon.Fail, Evidence: 61000, Reason: "latency rose from 101 ms to 139 ms; evidence is 61000; everything there was changed at once, without stages"},
		{Label: "region", Value: "us-east", Verdict: andon.Pass, Evidence: 1.4, Reason: "no signal tells its candidate from its control nodes by more than chance; the most that any showed: latency stayed at 102 ms"},
		{Label: "zone", Verdict: andon.Inconclusive, Evidence: andon.Unknown, Reason: "no series has the label zone; keep it in the queries"},
	}
	for m := 0; m <= 90; m++ {
		p.Trail = append(p.Trail, judge.Point{At: began.Add(time.Duration(m) * time.Minute), Log: math.Max(-.4, .62*float64(m)-1.5) * math.Min(1, 10.6/(.62*90-1.5)*90/float64(m+1))})
	}
	onset := began.Add(5 * time.Minute)
	p.Signals = []Signal{
		{
			Signal: andon.Signal{Name: "latency", Metric: "latency", Unit: "ms", Worse: andon.Higher, Critical: true},
			Findings: []andon.Finding{{Signal: "latency", Kind: "metric", Node: "checkout-v2-7d9f", Deviation: 3.9, Effect: 19.1, Evidence: 41250, Weight: .15, Onset: &onset,
				Smallest: 4.2, Blamed: true, Quality: andon.OK, Candidate: 88, Control: 1204, Query: `avg by (pod) (latency{version="v2.3.1"})`, Against: `avg by (pod) (latency{version="v2.3.0"})`,
				Reason: "latency rose from 102 ms to 121 ms"}},
			Deviations: []deviation.Deviation{deviationOf("checkout-v2-a", .2, 0), deviationOf("checkout-v2-7d9f", 4, 15), deviationOf("checkout-v2-longer-name", 80, 0)},
		},
		{
			Signal: andon.Signal{Name: "cpu", Metric: "cpu", Unit: "ratio"},
			Findings: []andon.Finding{{Signal: "cpu", Kind: "metric", Deviation: andon.Unknown, Effect: andon.Unknown, Evidence: andon.Unknown, Weight: .1,
				Smallest: andon.Unknown, Quality: andon.NoCandidateData}},
		},
		{
			Signal: andon.Signal{Name: "preflight-version"},
			Findings: []andon.Finding{{Signal: "preflight-version", Kind: "preflight", Deviation: andon.Unknown, Effect: 0, Evidence: andon.Unknown, Smallest: andon.Unknown,
				Quality: andon.OK, Candidate: 12, Query: "build_info", Reason: "preflight-version: 3 of 12 report v2.3.1"}},
		},
		{Signal: andon.Signal{Name: "error logs", Logs: `{service="checkout"}`}},
	}
	p.Notes = []string{"cpu has no chart: http://prometheus:9090: status 503"}
	p.Label = Label{Regression: true, Author: "ops", Reason: "INC-42", At: second}
	return p
}

// TestWriteGolden keeps the page as it was looked at.
func TestWriteGolden(t *testing.T) {
	var b strings.Builder
	if err := Write(&b, example()); err != nil {
		t.Fatal(err)
	}
	checkInert(t, b.String())
	checkCharts(t, b.String())
	golden := filepath.Join("testdata", "page.html")
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("the page is not that of %s; look at the difference and run go test -update", golden)
	}
}

func TestWriteShows(t *testing.T) {
	var b strings.Builder
	if err := WriteAll(&b, "two rollouts", []Page{example(), {Rollout: andon.Rollout{ID: "bare"}}}); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, want := range []string{"Fail: this rollout made the service worse", "99.8%", "41,250 to 1", "natural logarithm 10.6", "15 minutes after stage 1", "avg by (pod) (latency{version=&#34;v2.3.0&#34;})",
		"no samples from the candidate", "status 503", "fails at 1,000 to 1", ">first fail<", ">latency, ms<", "Deviations larger than the chart", `href="#r1"`, ">to blame<", ">critical<", "12 series", "Not yet judged", "19.1 ms", "<strong>a regression</strong> by ops"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not hold %q", want)
		}
	}
	checkInert(t, page)
	checkCharts(t, page)
}

// TestWriteIsInert puts hostile text wherever a page shows text.
func TestWriteIsInert(t *testing.T) {
	p := example()
	p.Rollout.ID, p.Rollout.Service, p.Rollout.Version, p.Rollout.Ref, p.Rollout.Tool = evil, evil, evil, "javascript:alert(1)", evil
	p.Rollout.Scope = map[string]string{evil: evil}
	p.Verdict.Reason, p.Verdict.Case, p.Verdict.Strategy, p.Verdict.Verdict, p.Verdict.Quality = evil, evil, evil, evil, evil
	p.Notes, p.Home = []string{evil}, "javascript:alert(1)"
	p.Label.Author, p.Label.Reason = evil, evil
	for i := range p.Signals {
		s := &p.Signals[i]
		s.Signal.Name, s.Signal.Unit = evil, evil
		for j := range s.Findings {
			f := &s.Findings[j]
			f.Node, f.Query, f.Against, f.Reason, f.Quality = evil, evil, evil, evil, evil
		}
		for j := range s.Deviations {
			s.Deviations[j].Node = evil
		}
	}
	var b strings.Builder
	if err := Write(&b, p); err != nil {
		t.Fatal(err)
	}
	checkInert(t, b.String())
	checkCharts(t, b.String())
}

// checkCharts fails if a chart is not well-formed or holds a number that is none.
func checkCharts(t *testing.T, page string) {
	t.Helper()
	for i, part := range strings.Split(page, "<svg")[1:] {
		svg, _, ok := strings.Cut(part, "</svg>")
		if !ok {
			t.Fatalf("chart %d does not end", i)
		}
		d := xml.NewDecoder(strings.NewReader("<svg" + svg + "</svg>"))
		for {
			tok, err := d.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("chart %d: %v", i, err)
			}
			if e, ok := tok.(xml.StartElement); ok {
				for _, a := range e.Attr {
					if a.Name.Local != "aria-label" && (strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf")) {
						t.Errorf("chart %d: %s of %s is %q", i, a.Name.Local, e.Name.Local, a.Value)
					}
				}
			}
		}
	}
}

func TestCollect(t *testing.T) {
	p := example()
	p.Service.Signals = []andon.Signal{{Name: "latency", Metric: "latency"}, {Name: "logs", Logs: "{}"}}
	p.Verdict.Findings = []andon.Finding{{Signal: "absent", Kind: "presence", Evidence: 80, Weight: .4}, {Signal: "latency", Kind: "metric", Evidence: 90, Weight: .15}}
	away := errors.New("the source is away")
	a := deviation.Source{
		Ask:     func(context.Context, string, andon.Range) (model.Matrix, error) { return nil, away },
		Resolve: func(expr string, _ andon.Selector) (string, error) { return expr, nil },
	}
	got, err := Collect(t.Context(), a, p)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range got.Signals {
		names = append(names, s.Signal.Name)
	}
	if want := "absent latency logs"; strings.Join(names, " ") != want {
		t.Errorf("signals %q, want %q", names, want)
	}
	if len(got.Notes) != 2 || !strings.HasPrefix(got.Notes[1], "latency has no chart: ") {
		t.Errorf("notes %q", got.Notes)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Collect(ctx, a, p); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
}
