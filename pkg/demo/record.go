package demo

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/config"
)

// How a rollout is recorded.
const (
	recordStep   = 10 * time.Second // between samples
	recordBin    = 30 * time.Second // of the judge
	recordWarmUp = time.Minute
	recordUnseen = 2 * time.Minute // that the shop is used before the first sample
	recordBefore = 6 * time.Minute // from there to the rollout
	recordFirst  = 7 * time.Minute // that its first stage lasts
	recordNext   = 45 * time.Second
	recordLength = 17 * time.Minute // from the first sample to the last
	recordRate   = 15               // requests a second to each service
)

// A Recording says how the shop is when a rollout of it is recorded, and what
// of it is kept.
type Recording struct {
	Name string
	Shop Config

	services []string // that are rolled out, and whose series are kept
	logs     bool     // what they log is kept too
	begin    time.Time
}

// Recordings are the labelled rollouts in testdata/rollouts.
func Recordings() []Recording {
	const whole = recordUnseen + recordLength
	out := []Recording{
		{Name: "shop-latency", Shop: Config{Fault: Latency}},
		{Name: "shop-errors", Shop: Config{Fault: Errors}, logs: true},
		{Name: "shop-crash", Shop: Config{Fault: Crash}, logs: true},
		{Name: "shop-leak", Shop: Config{Fault: Leak}},
		{Name: "shop-upstream", Shop: Config{Fault: Errors, Bad: "catalog"}, services: []string{"catalog", "checkout"}},
		{Name: "shop-restless-latency", Shop: Config{Fault: Latency, around: surroundings{traffic: restless(1, whole)}}},

		{Name: "shop-quiet", services: []string{"catalog", "checkout"}, logs: true},
		{Name: "shop-restless", Shop: Config{around: surroundings{traffic: restless(2, whole)}}},
		{Name: "shop-busy", Shop: Config{Rate: 4 * recordRate}},
		{Name: "shop-rising", Shop: Config{around: surroundings{traffic: rising(recordUnseen+recordBefore/2, whole, 1.8)}}},
		{Name: "shop-neighbour", Shop: Config{around: surroundings{crowding: neighbour(3, 3, 1.4, whole)}}},
		{Name: "shop-uneven", Shop: Config{around: surroundings{uneven: 4}}},
	}
	for i := range out {
		r := &out[i]
		r.Shop.Seed = uint64(i + 1)
		r.begin = time.Date(2026, 11, 2+i, 10, 0, 0, 0, time.UTC)
		if r.Shop.Rate == 0 {
			r.Shop.Rate = recordRate
		}
		if r.Shop.Bad == "" {
			r.Shop.Bad = "checkout"
		}
		if r.services == nil {
			r.services = []string{r.Shop.Bad}
		}
	}
	return out
}

// Record runs the shop with a clock that leaps ahead while all wait, rolls a
// version out, and writes what Prometheus and Loki would hold of it and the
// truth about it to a folder of the recording's name in dir, as andon replay
// reads it.
func Record(ctx context.Context, dir string, r Recording) error {
	services, err := r.judgeServices()
	if err != nil {
		return err
	}
	t := &tape{
		Recording: r, names: metricsOf(services), series: make(map[string]*bytes.Buffer), rollouts: make(map[string]andon.Rollout),
	}
	simulated(func() { err = t.record(ctx) })
	if err != nil {
		return fmt.Errorf("recording %s: %w", r.Name, err)
	}
	return t.write(filepath.Join(dir, r.Name), services)
}

// judged returns the services that are rolled out as the judge is to look at
// them: as in the demonstration, but slower.
func (r *Recording) judgeServices() ([]andon.Service, error) {
	text, err := configFiles.ReadFile("config/andon.yml")
	if err != nil {
		return nil, err
	}
	slower := strings.NewReplacer("[5s]", "["+model.Duration(recordBin).String()+"]")
	conf, err := config.Parse([]byte(slower.Replace(string(text))))
	if err != nil {
		return nil, err
	}
	var out []andon.Service
	for _, s := range conf.Services {
		if !slices.Contains(r.services, s.Name) {
			continue
		}
		j, warmUp := s.Service, model.Duration(recordWarmUp)
		j.Step, j.WarmUp = model.Duration(recordBin), &warmUp
		j.Signals = slices.DeleteFunc(slices.Clone(j.Signals), func(sig andon.Signal) bool { return sig.Metric == "" && !r.logs })
		if callee := services[s.Name].calls; slices.Contains(r.services, callee) {
			j.DependsOn = []string{callee}
		}
		out = append(out, j)
	}
	return out, nil
}

// metricsOf returns the names of metrics that the services' queries ask for.
func metricsOf(services []andon.Service) map[string]bool {
	out := make(map[string]bool)
	for _, s := range services {
		for _, sig := range s.Signals {
			for _, name := range recordedMetrics {
				if strings.Contains(sig.Metric+sig.Per, name+"{") {
					out[name] = true
				}
			}
		}
	}
	return out
}

// recorded are the metrics of nodes, and of the delivery tool about them, that
// queries may ask for.
var recordedMetrics = []string{"http_requests_total", "http_request_duration_seconds_sum", "http_request_duration_seconds_count", "process_cpu_seconds_total",
	"process_resident_memory_bytes", "shop_pod_restarts_total", "shop_pod_info"}

// A tape is a recording under way.
type tape struct {
	Recording
	names  map[string]bool // of metrics
	client *http.Client
	from   time.Time // first sample
	until  time.Time

	series map[string]*bytes.Buffer // by name and labels, the lines of each

	mu       sync.Mutex
	lines    []andon.Line
	rollouts map[string]andon.Rollout // by service, as last announced
}

// deliveryHost is where the delivery tool is in the memory of a recording.
const deliveryHost = "delivery:80"

// record runs the shop until all is on the tape.
func (t *tape) record(outer context.Context) (err error) {
	time.Sleep(time.Until(t.begin))
	ctx, cancel := context.WithCancel(context.Background()) // the clock cannot tell who waits for outer
	network := newMemoryNetwork()
	transport := &http.Transport{DialContext: network.dial}
	defer transport.CloseIdleConnections()
	t.client = &http.Client{Transport: transport, Timeout: recordStep / 2}
	c := t.Shop
	c.network, c.Lines = network, t.addLines
	shop, err := Open(c)
	if err != nil {
		cancel()
		return err
	}
	defer shop.Close()
	announce := make(map[string]AnnounceFunc)
	for _, s := range t.services {
		announce[s] = t.announce
	}
	delivery := NewDelivery(shop, Pace{First: recordFirst, Next: recordNext}, announce)
	defer delivery.Close()
	l, err := network.listen(deliveryHost)
	if err != nil {
		cancel()
		return err
	}
	srv := &http.Server{Handler: delivery.Handler(), ReadHeaderTimeout: 5 * time.Second}
	var background sync.WaitGroup
	background.Go(func() { _ = srv.Serve(l) }) // ends by Close
	background.Go(func() { shop.Load(ctx) })
	defer func() {
		cancel()
		err = errors.Join(err, srv.Close())
		background.Wait()
		// Nodes cannot end while one of them waits for another.
		time.Sleep(5 * time.Second)
	}()
	t.from = t.begin.Add(recordUnseen)
	t.until = t.from.Add(recordLength)
	rollAt := t.from.Add(recordBefore)
	for at := t.from; !at.After(t.until); at = at.Add(recordStep) {
		time.Sleep(time.Until(at))
		if err := outer.Err(); err != nil {
			return err
		}
		if at.Equal(rollAt) {
			for _, s := range t.services {
				if err := delivery.Roll(s, New, at); err != nil {
					return err
				}
			}
		}
		if err := t.scrape(ctx, at); err != nil {
			return err
		}
	}
	return nil
}

func (t *tape) announce(_ context.Context, ro andon.Rollout) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rollouts[ro.Service] = ro
	return nil
}

func (t *tape) addLines(lines ...andon.Line) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, l := range lines {
		if t.logs && slices.Contains(t.services, l.Labels["service"]) && time.Since(t.begin) >= recordUnseen {
			t.lines = append(t.lines, l)
		}
	}
}

// scrape takes the samples of all nodes, as Prometheus does with the demonstration's
// configuration. A node that does not answer has none.
func (t *tape) scrape(ctx context.Context, at time.Time) error {
	body, err := t.get(ctx, deliveryHost, "/targets")
	if err != nil {
		return err
	}
	var groups []struct {
		Targets []string
		Labels  map[string]string
	}
	if err := json.Unmarshal(body, &groups); err != nil {
		return err
	}
	if body, err = t.get(ctx, deliveryHost, "/metrics"); err != nil {
		return err
	}
	if err := t.take(body, nil, at); err != nil {
		return err
	}
	for _, g := range groups {
		for _, target := range g.Targets {
			if body, err = t.get(ctx, target, "/metrics"); err != nil {
				continue
			}
			if err := t.take(body, g.Labels, at); err != nil {
				return fmt.Errorf("%s: %w", target, err)
			}
		}
	}
	return nil
}

func (t *tape) get(ctx context.Context, host, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+host+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	res, err := t.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer drain(res)
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s%s answered %s", host, path, res.Status)
	}
	return io.ReadAll(res.Body)
}

// take puts the samples of one answer on the tape, with the labels of its target.
func (t *tape) take(body []byte, target map[string]string, at time.Time) error {
	p := expfmt.NewTextParser(model.UTF8Validation)
	families, err := p.TextToMetricFamilies(bytes.NewReader(body))
	if err != nil {
		return err
	}
	for name, f := range families {
		for _, m := range f.GetMetric() {
			l := maps.Clone(target)
			if l == nil {
				l = make(map[string]string)
			}
			for _, pair := range m.GetLabel() {
				l[pair.GetName()] = pair.GetValue()
			}
			if !slices.Contains(t.services, l["service"]) {
				continue
			}
			for name, v := range values(name, m) {
				if t.names[name] {
					t.put(name, l, v, at)
				}
			}
		}
	}
	return nil
}

// values returns the samples of a metric that are kept, by name.
func values(name string, m *dto.Metric) map[string]float64 {
	if h := m.GetHistogram(); h != nil {
		return map[string]float64{name + "_sum": h.GetSampleSum(), name + "_count": float64(h.GetSampleCount())}
	}
	return map[string]float64{name: m.GetCounter().GetValue() + m.GetGauge().GetValue()}
}

// put writes a sample, to eight figures: what the eighth says is far below
// what chance does.
func (t *tape) put(name string, l map[string]string, v float64, at time.Time) {
	var pairs []string
	for _, k := range slices.Sorted(maps.Keys(l)) {
		pairs = append(pairs, fmt.Sprintf("%s=%q", k, l[k]))
	}
	key := name + "{" + strings.Join(pairs, ",") + "}"
	if t.series[key] == nil {
		t.series[key] = new(bytes.Buffer)
	}
	fmt.Fprintf(t.series[key], "%s %.8g %d\n", key, v, at.Unix())
}

// write writes the folder of the case.
func (t *tape) write(dir string, services []andon.Service) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var samples bytes.Buffer
	for _, key := range slices.Sorted(maps.Keys(t.series)) {
		samples.Write(t.series[key].Bytes())
	}
	samples.WriteString("# EOF\n")
	if err := writeZipped(filepath.Join(dir, "metrics.om.gz"), samples.Bytes()); err != nil {
		return err
	}
	if t.logs {
		var lines bytes.Buffer
		e := json.NewEncoder(&lines)
		e.SetEscapeHTML(false)
		for _, l := range t.lines {
			if l.At.After(t.until) {
				break
			}
			if err := e.Encode(struct {
				TS     time.Time         `json:"ts"`
				Labels map[string]string `json:"labels"`
				Line   string            `json:"line"`
			}{l.At.UTC(), l.Labels, l.Text}); err != nil {
				return err
			}
		}
		if err := writeZipped(filepath.Join(dir, "logs.jsonl.gz"), lines.Bytes()); err != nil {
			return err
		}
	}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(t.label(services)); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "case.yaml"), text.Bytes(), 0o644)
}

// A label is what case.yaml holds, as andon replay reads it.
type caseFile struct {
	Name     string          `json:"name"`
	Source   string          `json:"source"`
	Step     model.Duration  `json:"step"`
	Start    time.Time       `json:"start"`
	End      time.Time       `json:"end"`
	Services []andon.Service `json:"services"`
	Rollouts []andon.Rollout `json:"rollouts"`
	Truth    []truth         `json:"truth"`
}

type truth struct {
	Rollout    string `json:"rollout"`
	Regression bool   `json:"regression"`
	Fault      Fault  `json:"fault,omitempty"`
}

func (t *tape) label(services []andon.Service) caseFile {
	out := caseFile{
		Name: t.Name, Source: "the shop of Andon's demonstration, recorded by andon-lab record", Step: model.Duration(recordStep),
		Start: t.from.UTC(), End: t.until.UTC(), Services: services,
	}
	for _, s := range t.services {
		ro := t.rollouts[s]
		ro.Candidate, ro.Control = andon.Selector{"version": New}, andon.Selector{"version": Old}
		ro.Started, ro.Ended = ro.Started.UTC(), t.until.UTC()
		for i, at := range ro.Stages {
			// How long a node takes to shut down is left to chance by net/http, by milliseconds.
			ro.Stages[i] = at.UTC().Truncate(time.Second)
		}
		out.Rollouts = append(out.Rollouts, ro)
		tr := truth{Rollout: ro.ID}
		if s == t.Shop.Bad && t.Shop.Fault != "" {
			tr.Regression, tr.Fault = true, t.Shop.Fault
		}
		out.Truth = append(out.Truth, tr)
	}
	return out
}

// writeZipped writes a file that is the same whenever its text is.
func writeZipped(path string, text []byte) error {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(text); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}
