package exporter

import (
	"bytes"
	"io"
	"math"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/andon-project/andon/internal/testkit"
	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/config"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// bare returns an Exporter that was never opened: enough to expose a snapshot.
func bare(t *testing.T, c *config.Config) *Exporter {
	t.Helper()
	e := wire(Options{Now: func() time.Time { return noon }, Log: hclog.NewNullLogger()})
	e.settings.use(&setup{config: c})
	return e
}

func scrape(t *testing.T, e *Exporter) string {
	t.Helper()
	w := httptest.NewRecorder()
	e.metrics.handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("GET /metrics: %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func exampleConfig(t *testing.T) *config.Config {
	t.Helper()
	c, err := config.Load("../../andon.example.yml")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// fixed is a snapshot with all that a metric can say.
func fixed(c *config.Config) *snapshot {
	checkout, _ := c.Service("checkout")
	fail := andon.Verdict{
		Rollout: "checkout-v42", Service: "checkout", At: noon, Verdict: andon.Fail, Strategy: andon.Rolling,
		Score: .998, Evidence: 41250, Blame: .97, Quality: andon.OK,
		Findings: []andon.Finding{
			{Signal: "errors", Kind: "metric", Node: "a", Deviation: 2.5, Quality: andon.OK, Candidate: 12, Control: 36},
			{Signal: "errors", Kind: "metric", Node: "b", Deviation: 8.25, Quality: andon.OK, Candidate: 14, Control: 36},
			{Signal: "latency", Kind: "metric", Deviation: andon.Unknown, Quality: andon.NoCandidateData, Control: 36},
			{Signal: "error logs", Kind: "logs", Deviation: andon.Unknown, Quality: andon.OK, Candidate: 7, Control: 31,
				Classes: map[andon.Class]int{andon.ClassUnknown: 1, andon.ClassKnown: 4}},
			{Signal: "crashes", Kind: "crashes", Deviation: andon.Unknown, Quality: andon.OK, Classes: map[andon.Class]int{andon.ClassUnknown: 2}},
		},
	}
	unknown := unjudged(andon.Rollout{ID: "search-1", Service: "search"}, noon, andon.SourceError, "Prometheus does not answer")
	unknown.Evidence = 0 // has no logarithm
	return newSnapshot(noon, []judgment{
		{service: checkout, verdict: fail, rollout: andon.Rollout{
			ID: "checkout-v42", Service: "checkout", Version: "v42", Scope: map[string]string{"environment": "prod"},
			Started: noon.Add(-10 * time.Minute), Tool: "argo-rollouts"}},
		{verdict: unknown, rollout: andon.Rollout{ID: "search-1", Service: "search", Started: noon.Add(-time.Minute)}},
	})
}

// ours picks the metrics whose values do not depend on machine and build.
func ours(page string) string {
	var b strings.Builder
	for line := range strings.Lines(page) {
		name := strings.TrimPrefix(strings.TrimPrefix(line, "# HELP "), "# TYPE ")
		if strings.HasPrefix(name, "andon_") && !strings.HasPrefix(name, "andon_build_info") {
			b.WriteString(line)
		}
	}
	return b.String()
}

func TestMetricsGolden(t *testing.T) {
	e := bare(t, exampleConfig(t))
	e.snapshots.newest.Store(fixed(e.settings.current().config))
	testkit.Golden(t, "metrics.golden", ours(scrape(t, e)))
}

func TestMetricsOfWhatEndedVanish(t *testing.T) {
	e := bare(t, exampleConfig(t))
	e.snapshots.newest.Store(fixed(e.settings.current().config))
	if page := scrape(t, e); !strings.Contains(page, `rollout="checkout-v42"`) {
		t.Fatalf("no rollout in\n%s", page)
	}
	e.snapshots.newest.Store(newSnapshot(noon, nil))
	if page := scrape(t, e); strings.Contains(page, `rollout="`) {
		t.Errorf("rollouts that ended are still there:\n%s", ours(page))
	}
}

func TestMetricsLint(t *testing.T) {
	e := bare(t, exampleConfig(t))
	e.snapshots.newest.Store(fixed(e.settings.current().config))
	page := scrape(t, e)
	problems, err := promlint.New(strings.NewReader(page)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	t.Run("promtool", func(t *testing.T) {
		promtool, err := exec.LookPath("promtool")
		if err != nil {
			t.Skip("promtool is not installed; Debian has it in the package prometheus")
		}
		cmd := exec.Command(promtool, "check", "metrics")
		cmd.Stdin = strings.NewReader(page)
		if out, err := cmd.CombinedOutput(); err != nil || len(bytes.TrimSpace(out)) > 0 {
			t.Errorf("promtool check metrics: %v\n%s", err, out)
		}
	})
}

func TestMetricsOpenMetricsAndNative(t *testing.T) {
	e := bare(t, exampleConfig(t))
	e.metrics.tick.Observe(.2)
	r := httptest.NewRequest("GET", "/metrics", nil)
	r.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	w := httptest.NewRecorder()
	e.metrics.handler().ServeHTTP(w, r)
	body, _ := io.ReadAll(w.Body)
	if !strings.HasPrefix(w.Header().Get("Content-Type"), "application/openmetrics-text") || !bytes.HasSuffix(body, []byte("# EOF\n")) {
		t.Errorf("not OpenMetrics: %s", w.Header())
	}
	families, err := e.metrics.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "andon_tick_duration_seconds" {
			h := f.GetMetric()[0].GetHistogram()
			if len(h.GetPositiveSpan()) == 0 || len(h.GetBucket()) == 0 {
				t.Errorf("%v is not both a native and a classic histogram", h)
			}
			return
		}
	}
	t.Error("no andon_tick_duration_seconds")
}

// TestMetricsDocs: the documentation and the page name the same metrics with
// the same labels.
func TestMetricsDocs(t *testing.T) {
	text, err := os.ReadFile("../../docs/reference/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(andon_\\w+)(?:\\{([\\w,]*)\\})?` \\|").FindAllStringSubmatch(string(text), -1) {
		documented[m[1]] = m[2]
	}
	e := bare(t, exampleConfig(t))
	e.snapshots.newest.Store(fixed(e.settings.current().config))
	families, err := e.metrics.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		name := f.GetName()
		if !strings.HasPrefix(name, "andon_") {
			continue
		}
		var labels []string
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels = append(labels, l.GetName())
		}
		want, ok := documented[name]
		delete(documented, name)
		wants := strings.FieldsFunc(want, func(r rune) bool { return r == ',' })
		slices.Sort(wants)
		if !ok || !slices.Equal(labels, wants) {
			t.Errorf("docs/reference/metrics.md has %s with labels %v, want %v", name, wants, labels)
		}
	}
	for name := range documented {
		t.Errorf("docs/reference/metrics.md has %s, which there is not", name)
	}
}

// TestMetricsAskedFor: dashboards, rules and what we provision ask for no
// metric that the exporter does not have.
func TestMetricsAskedFor(t *testing.T) {
	e := bare(t, exampleConfig(t))
	e.snapshots.newest.Store(fixed(e.settings.current().config))
	families, err := e.metrics.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	exposed := map[string]bool{}
	for _, f := range families {
		exposed[f.GetName()] = true
	}
	parts := regexp.MustCompile("_(bucket|count|sum)$")
	// A recorded metric has a colon before its name or after it.
	name := regexp.MustCompile(`(?:^|[^:\w])(andon_\w+)(?:[^:\w]|$)`)
	for _, pattern := range []string{"dashboards/*.json", "rules/*.yaml", "provisioning/*/*.yaml"} {
		files, err := filepath.Glob(filepath.Join("..", "..", pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("no %s: %v", pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range name.FindAllStringSubmatch(string(text), -1) {
				if !exposed[m[1]] && !exposed[parts.ReplaceAllString(m[1], "")] {
					t.Errorf("%s asks for %s, which there is not", file, m[1])
				}
			}
		}
	}
}

func TestEvidenceLogIsNaturalAndNeverInfinite(t *testing.T) {
	e := bare(t, exampleConfig(t))
	s := fixed(e.settings.current().config)
	s.judgments[0].verdict.Evidence = andon.Number(math.E * math.E)
	e.snapshots.newest.Store(s)
	page := scrape(t, e)
	if !strings.Contains(page, `andon_regression_evidence_log{rollout="checkout-v42"} 2`+"\n") || strings.Contains(page, "Inf\n") {
		t.Errorf("want the logarithm 2 and no infinity:\n%s", ours(page))
	}
}
