package replay

import (
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const goodCase = `name: shop
source: made up
step: 60s
start: 2024-05-01T11:30:00Z
end: 2024-05-01T12:40:00Z
services:
- name: shop
  layer: software
  node: pod
  version: version
  signals:
  - name: success
    metric: avg by (pod) (success{service="shop"})
    worse: lower
    unit: ratio
rollouts:
- id: shop-v2
  service: shop
  strategy: canary
  candidate: {version: v2}
  control: {version: v1}
  started: 2024-05-01T12:00:00Z
  stages: [2024-05-01T12:00:00Z]
  ended: 2024-05-01T12:40:00Z
truth:
- rollout: shop-v2
  regression: true
  fault: null
`

func TestParseCase(t *testing.T) {
	c, err := parseCase([]byte(goodCase))
	if err != nil {
		t.Fatal(err)
	}
	if c.Name != "shop" || len(c.Services) != 1 || c.Rollouts[0].Candidate["version"] != "v2" || !c.Truth[0].Regression || c.Step.String() != "1m" {
		t.Errorf("read as %+v", c)
	}
	for _, tt := range []struct{ name, old, new, want string }{
		{"empty", goodCase, "", "the file is empty"},
		{"not YAML", "step: 60s", "step: [60s", "line "},
		{"unknown key", "source: made up", "sauce: made up", `line 2: unknown key "sauce"; did you mean source?`},
		{"unknown key of a signal", "    worse: lower", "    worst: lower", `line 14: services[0].signals[0]: unknown key "worst"; did you mean worse?`},
		{"key given twice", "step: 60s", "step: 60s\nstep: 30s", "line 4: step: is a duplicate; it is already on line 3"},
		{"second document", "truth:", "---\ntruth:", "line 25: a second document begins here"},
		{"no name", "name: shop\n", "", "line 1: name: is missing"},
		{"step of zero", "step: 60s", "step: 0s", "line 3: step: 0s is not between 1s and 1d"},
		{"step of nonsense", "step: 60s", "step: soon", `line 3: step: "soon" is not a duration; write a number with its unit`},
		{"no time", "start: 2024-05-01T11:30:00Z", "start: yesterday", `line 4: start: "yesterday" is not a time; write one such as`},
		{"end before start", "end: 2024-05-01T12:40:00Z", "end: 2023-05-01T12:40:00Z", "line 5: end: 2023-05-01T12:40:00Z is not after start"},
		{"direction", "worse: lower", "worse: down", `line 14: services[0].signals[0].worse: "down" is not a direction; write one of higher, lower, both`},
		{"kind", "unit: ratio", "kind: ratio", `line 15: services[0].signals[0].kind: "ratio" is not a kind`},
		{"two queries", "unit: ratio", "logs: '{}'", "services[0].signals[0]: has more than one query (metric and logs)"},
		{"bad PromQL", "avg by (pod) (success", "avg by pod (success", "line 13: services[0].signals[0].metric: is not PromQL: 1:8"},
		{"strategy", "strategy: canary", "strategy: yolo", `line 19: rollouts[0].strategy: "yolo" is not a strategy; write one of auto, canary`},
		{"service unknown", "  service: shop", "  service: bakery", `line 18: rollouts[0].service: "bakery" is not the name of a service; write shop`},
		{"selector", "{version: v2}", `{version: "=~("}`, `line 20: rollouts[0].candidate.version: "(" is not a regular expression`},
		{"ends before it starts", "ended: 2024-05-01T12:40:00Z", "ended: 2024-05-01T11:40:00Z", "line 24: rollouts[0].ended: 2024-05-01T11:40:00Z is before the rollout started"},
		{"a slip of the pen", "ended: 2024-05-01T12:40:00Z", "ended: 9024-05-01T12:40:00Z", "line 24: rollouts[0].ended: the rollouts span more than 100000 steps of 1m"},
		{"stages back in time", "[2024-05-01T12:00:00Z]", "[2024-05-01T12:20:00Z, 2024-05-01T12:10:00Z]", "line 23: rollouts[0].stages[1]: 2024-05-01T12:10:00Z is earlier than the stage listed before it"},
		{"truth of nothing", "- rollout: shop-v2", "- rollout: shop-v3", `line 26: truth[0].rollout: "shop-v3" is not the id of a rollout; did you mean shop-v2?`},
		{"sensitivity", "  layer: software", "  sensitivity: extreme", `line 8: services[0].sensitivity: "extreme" is not a sensitivity`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(goodCase, tt.old, tt.new, 1)
			if text == goodCase {
				t.Fatalf("%q is not in the case", tt.old)
			}
			_, err := parseCase([]byte(text))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestParseSamples(t *testing.T) {
	for _, tt := range []struct {
		name, body, want string // want is in the error; no error if empty
		series, samples  int
	}{
		{name: "two series", body: "# TYPE a gauge\na{x=\"1\"} 1 10\na{x=\"1\"} NaN 20\na{x=\"2\"} 1e3 5\n# EOF\n", series: 2, samples: 3},
		{name: "one series, labels in any order", body: "# TYPE a gauge\na{x=\"1\",y=\"2\"} 1 10\na{y=\"2\",x=\"1\"} 2 20\n# EOF\n", series: 1, samples: 2},
		{name: "nothing", body: "# EOF\n"},
		{name: "no end", body: "# TYPE a gauge\na 1 10\n", want: "line 3: "},
		{name: "no time", body: "# TYPE a gauge\na 1 10\na 2\n# EOF\n", want: "line 3: a has no timestamp"},
		{name: "not a number", body: "# TYPE a gauge\na one 10\n# EOF\n", want: "line 2: "},
		{name: "not newer", body: "# TYPE a gauge\na 1 10\na 2 10\n# EOF\n", want: "line 3: a is not newer"},
		{name: "before 1970", body: "# TYPE a gauge\na 1 -10\n# EOF\n", want: "line 2: a has the timestamp -10000 ms"},
		{name: "far away", body: "# TYPE a gauge\na 1 99999999999999\n# EOF\n", want: "not between 1970 and 2262"},
		{name: "label twice", body: "# TYPE a gauge\na{x=\"1\",x=\"2\"} 1 10\n# EOF\n", want: "line 2: "},
		{name: "blank line", body: "\na 1 10\n# EOF\n", want: "line 1: "},
		{name: "binary", body: "\x00\xff\x1f", want: "line 1: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			series, samples, err := parseSamples([]byte(tt.body))
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got %v, want %s", err, tt.want)
				}
				return
			}
			if err != nil || len(series) != tt.series || len(samples) != tt.samples {
				t.Errorf("%d series, %d samples, error %v; want %d and %d", len(series), len(samples), err, tt.series, tt.samples)
			}
			for i := 1; i < len(samples); i++ {
				if samples[i].Time < samples[i-1].Time {
					t.Errorf("samples go back in time: %v", samples)
				}
			}
		})
	}
}

func zip(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestGunzipIsBounded(t *testing.T) {
	bomb := zip(t, make([]byte, 1<<20))
	if _, err := gunzip(bytes.NewReader(bomb), 1<<20-1); err == nil || !strings.Contains(err.Error(), "more than the limit of 1") {
		t.Errorf("one byte too many: %v", err)
	}
	if b, err := gunzip(bytes.NewReader(bomb), 1<<20); err != nil || len(b) != 1<<20 {
		t.Errorf("just enough: %d bytes, %v", len(b), err)
	}
	if _, err := gunzip(bytes.NewReader(bomb[:100]), 1<<20); err == nil {
		t.Error("a torn file was read")
	}
}

// writeCase writes a case folder.
func writeCase(t *testing.T, text string, body []byte) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "shop")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{caseFile: []byte(text), metricsFile: body} {
		if b == nil {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLoadCaseNamesTheFile(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		body       []byte
		want       string
	}{
		{"bad key", "sauce: 1\n", nil, filepath.Join("shop", "case.yaml") + `: line 1: unknown key "sauce"; did you mean source?`},
		{"too large", "#" + strings.Repeat(" ", maxCase), nil, "case.yaml: larger than the limit of 4 MiB"},
		{"no samples", goodCase, nil, "metrics.om.gz: no such file"},
		{"not gzip", goodCase, []byte("# TYPE a gauge\na 1 10\n"), "metrics.om.gz: not a gzip file"},
		{"bad sample", goodCase, zip(t, []byte("a 1\n# EOF\n")), "metrics.om.gz: line 1: a has no timestamp"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := LoadCase(writeCase(t, tt.text, tt.body))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestFind(t *testing.T) {
	dir := writeCase(t, goodCase, nil)
	for _, p := range []string{dir, filepath.Dir(dir)} {
		if got, err := Find([]string{p}); err != nil || len(got) != 1 || got[0] != dir {
			t.Errorf("%s: %v, %v", p, got, err)
		}
	}
	for path, want := range map[string]string{t.TempDir(): "no case.yaml in it", filepath.Join(dir, "nowhere"): "no such file", filepath.Join(dir, caseFile): "not a directory"} {
		_, err := Find([]string{path})
		var wrong *InputError
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", path, err, want)
		}
	}
}

// FuzzLoadCase checks that a case that is accepted can be replayed: its
// rollouts have services and its ticks have an end.
func FuzzLoadCase(f *testing.F) {
	f.Add([]byte(goodCase))
	f.Add([]byte(strings.Replace(goodCase, "ended: 2024-05-01T12:40:00Z", "ended: 0001-01-01T00:00:00Z", 1)))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := parseCase(text)
		if err != nil {
			return
		}
		if n := len(c.ticks()); n == 0 || n > 3*maxTicks+3+len(c.Rollouts) {
			t.Errorf("%d ticks", n)
		}
		for _, r := range c.Rollouts {
			if _, ok := c.Service(r.Service); !ok {
				t.Errorf("rollout %s has no service", r.ID)
			}
		}
	})
}

// FuzzLoadCaseSamples checks that what is accepted can be put into a store: in
// order, each series growing.
func FuzzLoadCaseSamples(f *testing.F) {
	f.Add([]byte("# TYPE a gauge\na{x=\"1\"} 1 10\na{x=\"2\"} NaN 10.5\n# EOF\n"))
	f.Add([]byte("# TYPE h histogram\nh_bucket{le=\"1\"} 3 1 # {id=\"x\"} 0.5\nh_count 3 1\nh_sum 2 1\n# EOF\n"))
	f.Add([]byte("# HELP a b\n# UNIT a_seconds seconds\n{\"a.b\",c=\"d\"} +Inf 1e3\n# EOF"))
	f.Fuzz(func(t *testing.T, body []byte) {
		series, samples, err := parseSamples(body)
		if err != nil {
			return
		}
		last := make(map[int]int64)
		for i, s := range samples {
			if s.Series < 0 || s.Series >= len(series) || s.Time < minTime || s.Time > maxTime {
				t.Fatalf("sample %d is %+v", i, s)
			}
			if before, ok := last[s.Series]; ok && s.Time <= before {
				t.Fatalf("sample %d of %s is not newer than the one before", i, series[s.Series])
			}
			last[s.Series] = s.Time
		}
	})
}
