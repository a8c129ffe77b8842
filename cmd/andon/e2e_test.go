package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/demo"
	"github.com/andon-project/andon/pkg/demo/inprocess"
	"github.com/andon-project/andon/pkg/lab/recording"
)

// exporterURL is where rules/alertmanager.yaml, which is taken unchanged,
// sends notifications.
const exporterURL = "http://localhost:9415"

// longest is how long a test waits for a halt.
const longest = 4 * time.Minute

// TestRealServers has a bad rollout halted, and a good one not, by the shipped
// rules in Debian's Prometheus and the shipped route in Debian's Alertmanager,
// while parts of it are restarted, killed and absent.
func TestRealServers(t *testing.T) {
	if testing.Short() {
		t.Skip("takes minutes: real servers, real scrapes")
	}
	for _, program := range []string{"prometheus", "prometheus-alertmanager"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed (Debian package of the same name)", program)
		}
	}
	if l, err := net.Listen("tcp", "localhost:9415"); err != nil {
		t.Fatalf("the shipped route needs port 9415: %v", err)
	} else {
		l.Close()
	}
	program := filepath.Join(t.TempDir(), "andon")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("building andon: %v\n%s", err, out)
	}
	tests := []struct {
		name  string
		first time.Duration // how long the first node of a good version is alone
		upset func(w *world)
	}{
		{name: "undisturbed", first: 40 * time.Second},
		{name: "Alertmanager is restarted in the middle", first: 40 * time.Second, upset: func(w *world) {
			w.alertmanager.stop()
			w.alertmanager.start()
		}},
		{name: "the exporter is killed in the middle", first: 40 * time.Second, upset: func(w *world) {
			w.exporter.kill()
			w.exporter.start()
		}},
		{name: "Prometheus is down for a minute", first: 110 * time.Second, upset: func(w *world) {
			w.prometheus.stop()
			back := time.After(time.Minute)
			w.sayWhyNot()
			<-back
			w.prometheus.start()
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, program, tt.first)
			w.baseline(20 * time.Second)
			w.roll("catalog")
			w.roll("checkout")
			if tt.upset != nil {
				w.judged("checkout-v2")
				tt.upset(w)
			}
			w.haltedOnce("checkout")
			w.passed("catalog")
			w.verdict("checkout-v2", andon.Fail)
		})
	}
}

// A world is the shop with its delivery tool, and everything that watches it.
type world struct {
	t                                  *testing.T
	shop                               *demo.Shop
	delivery                           *demo.Delivery
	prometheus, alertmanager, exporter *process
	prometheusURL                      string
}

func newWorld(t *testing.T, program string, first time.Duration) *world {
	t.Helper()
	w := &world{t: t}
	var err error
	lines := recording.NewLines(0)
	loki := httptest.NewServer(inprocess.Loki{Lines: lines}.Handler())
	t.Cleanup(loki.Close)
	if w.shop, err = demo.Open(demo.Config{Seed: 7, Fault: demo.Errors, Lines: lines.Add}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.shop.Close)
	announce := demo.Announcer(http.DefaultClient, exporterURL)
	// The bad version is alone until it is halted, however slow the machine.
	pace := demo.Pace{First: first, Next: 2 * time.Second, FirstOf: map[string]time.Duration{"checkout": longest}}
	w.delivery = demo.NewDelivery(w.shop, pace,
		map[string]demo.AnnounceFunc{"catalog": announce, "checkout": announce})
	t.Cleanup(w.delivery.Close)
	tool := httptest.NewServer(w.delivery.Handler())
	t.Cleanup(tool.Close)
	ctx, cancel := context.WithCancel(context.Background())
	var load sync.WaitGroup
	load.Go(func() { w.shop.Load(ctx) })
	t.Cleanup(func() { cancel(); load.Wait() })

	dir, rules := t.TempDir(), abs(t, "../../rules")
	prometheus, alertmanager := freeAddress(t), freeAddress(t)
	w.prometheusURL = "http://" + prometheus
	places := []string{
		"localhost:9090", prometheus, "localhost:9093", alertmanager,
		"localhost:3100", strings.TrimPrefix(loki.URL, "http://"), "localhost:8080", strings.TrimPrefix(tool.URL, "http://"), "/etc/prometheus/rules", rules,
	}
	w.exporter = newProcess(t, program, "serve", "--web.listen-address", "localhost:9415", "--storage.path", filepath.Join(dir, "andon"),
		"--config.file", write(t, filepath.Join(dir, "andon.yml"), "../../pkg/demo/config/andon.yml", places...))
	w.alertmanager = newProcess(t, "prometheus-alertmanager", "--config.file", filepath.Join(rules, "alertmanager.yaml"),
		"--storage.path", filepath.Join(dir, "alertmanager"), "--web.listen-address", alertmanager, "--cluster.listen-address", "")
	w.prometheus = newProcess(t, "prometheus", "--storage.tsdb.path", filepath.Join(dir, "prometheus"), "--web.listen-address", prometheus,
		"--config.file", write(t, filepath.Join(dir, "prometheus.yml"), "../../pkg/demo/config/prometheus.yml", places...))
	for _, ready := range []string{exporterURL + "/-/healthy", w.prometheusURL + "/-/ready", "http://" + alertmanager + "/-/ready"} {
		eventually(t, 30*time.Second, func() string { return answers(ready) })
	}
	return w
}

func abs(t *testing.T, path string) string {
	t.Helper()
	p, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// baseline waits until Prometheus has seen all nodes for as long.
func (w *world) baseline(long time.Duration) {
	w.t.Helper()
	query := fmt.Sprintf(`count(count_over_time(up{job="shop"}[%ds]) >= %d) == 10`, int(long.Seconds()), int(long.Seconds())-2)
	eventually(w.t, long+40*time.Second, func() string {
		var answer struct{ Data struct{ Result []any } }
		if err := get(w.prometheusURL+"/api/v1/query?query="+url.QueryEscape(query), &answer); err != nil {
			return err.Error()
		}
		if len(answer.Data.Result) == 0 {
			return "not all ten nodes have been scraped for " + long.String()
		}
		return ""
	})
}

func (w *world) roll(service string) {
	w.t.Helper()
	if err := w.delivery.Roll(service, demo.New, time.Now()); err != nil {
		w.t.Fatal(err)
	}
}

// judged waits until the exporter has compared nodes of the rollout, but
// before it was halted.
func (w *world) judged(rollout string) {
	w.t.Helper()
	eventually(w.t, time.Minute, func() string {
		v, err := verdictOn(rollout)
		if err != nil {
			return err.Error()
		}
		for _, f := range v.Findings {
			if f.Candidate > 0 {
				return ""
			}
		}
		return "no candidate node of " + rollout + " has been judged: " + v.Reason
	})
}

// sayWhyNot waits until the exporter, which stays up, says that it cannot
// judge and why.
func (w *world) sayWhyNot() {
	w.t.Helper()
	eventually(w.t, 40*time.Second, func() string {
		if not := answers(exporterURL + "/-/healthy"); not != "" {
			w.t.Fatalf("the exporter does not answer while Prometheus is down: %s", not)
		}
		v, err := verdictOn("catalog-v2")
		if err != nil {
			return err.Error()
		}
		if v.Verdict != andon.Inconclusive || v.Quality != andon.SourceError || !strings.Contains(v.Reason, "refused") {
			return fmt.Sprintf("the verdict is %s, %s: %s", v.Verdict, v.Quality, v.Reason)
		}
		return ""
	})
}

// haltedOnce waits until the service's rollout is halted and taken back, and
// sees that it stays at one halt.
func (w *world) haltedOnce(service string) {
	w.t.Helper()
	eventually(w.t, longest, func() string {
		s, _ := w.delivery.Status(service)
		if s.Phase != demo.RolledBack {
			return fmt.Sprintf("the rollout of %s is %s, %d of %d nodes updated", service, s.Phase, s.Updated, s.Nodes)
		}
		return ""
	})
	s, _ := w.delivery.Status(service)
	if s.Halts != 1 || s.Touched != 1 {
		w.t.Errorf("%s was halted %d times after %d nodes were touched; want once, after one", service, s.Halts, s.Touched)
	}
}

// passed waits until the service's rollout is complete and passes.
func (w *world) passed(service string) {
	w.t.Helper()
	eventually(w.t, 3*time.Minute, func() string {
		s, _ := w.delivery.Status(service)
		if s.Halts > 0 {
			w.t.Fatalf("the good rollout of %s was halted: %s", service, s.Reason)
		}
		if s.Phase != demo.Complete {
			return fmt.Sprintf("the rollout of %s is %s", service, s.Phase)
		}
		return ""
	})
	w.verdict(service+"-v2", andon.Pass)
	for service, want := range map[string]int{"checkout": 1, "catalog": 0} {
		if s, _ := w.delivery.Status(service); s.Halts != want {
			w.t.Errorf("in the end %s was halted %d times; want %d", service, s.Halts, want)
		}
	}
}

func (w *world) verdict(rollout string, want andon.Decision) {
	w.t.Helper()
	eventually(w.t, 30*time.Second, func() string {
		v, err := verdictOn(rollout)
		if err != nil {
			return err.Error()
		}
		if v.Verdict != want {
			return fmt.Sprintf("the verdict on %s is %s, not %s: %s", rollout, v.Verdict, want, v.Reason)
		}
		return ""
	})
}

func verdictOn(rollout string) (v andon.Verdict, err error) {
	return v, get(exporterURL+"/api/v1/rollouts/"+rollout+"/verdict", &v)
}

func get(from string, into any) error {
	res, err := (&http.Client{Timeout: 5 * time.Second}).Get(from)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", from, res.Status)
	}
	return json.NewDecoder(res.Body).Decode(into)
}
