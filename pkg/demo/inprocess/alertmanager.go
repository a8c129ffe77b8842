package inprocess

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"reflect"
	"sync"
	"time"

	"github.com/prometheus/alertmanager/api"
	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/alertmanager/eventrecorder"
	"github.com/prometheus/alertmanager/featurecontrol"
	"github.com/prometheus/alertmanager/inhibit"
	"github.com/prometheus/alertmanager/marker"
	"github.com/prometheus/alertmanager/nflog"
	"github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/alertmanager/notify/webhook"
	"github.com/prometheus/alertmanager/provider/mem"
	"github.com/prometheus/alertmanager/silence"
	"github.com/prometheus/alertmanager/template"
	"github.com/prometheus/alertmanager/timeinterval"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/route"
)

// AlertmanagerConfig says how an Alertmanager routes and where it remembers.
type AlertmanagerConfig struct {
	// Config is the text of an alertmanager.yml, whose receivers may have
	// webhook_configs only.
	Config string

	Dir      string       // an empty folder for silences and the log of notifications; the caller removes it
	External string       // the address that notifications link back to; http://localhost:9093/ if empty
	Log      *slog.Logger // discards if nil
}

// How long an Alertmanager remembers what it sent and what was silenced, and
// how often it writes that down and forgets resolved alerts.
const (
	amRetention   = 120 * time.Hour
	amMaintenance = time.Minute
)

// An Alertmanager takes in alerts, groups and routes them, and calls webhooks,
// all in this process. Its zero value is not usable.
type Alertmanager struct {
	handler    http.Handler
	alerts     *mem.Alerts
	inhibitor  *inhibit.Inhibitor
	dispatcher *dispatch.Dispatcher
	ended      chan struct{}
	done       sync.WaitGroup
	stop       func()
}

// am is what the parts of an Alertmanager share while they are wired.
type alertmanagerParts struct {
	AlertmanagerConfig
	conf     *config.Config
	external *url.URL
	reg      *prometheus.Registry
	rec      eventrecorder.Recorder
	flags    featurecontrol.NoopFlags
	log      *nflog.Log
	silences *silence.Silences
}

// StartAlertmanager starts an Alertmanager, which runs until Close.
func StartAlertmanager(c AlertmanagerConfig) (*Alertmanager, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.External == "" {
		c.External = "http://localhost:9093/"
	}
	external, err := url.Parse(c.External)
	if err != nil {
		return nil, fmt.Errorf("address of Alertmanager: %w", err)
	}
	conf, err := config.Load(c.Config)
	if err != nil {
		return nil, fmt.Errorf("configuration of Alertmanager: %w", err)
	}
	w := alertmanagerParts{AlertmanagerConfig: c, conf: conf, external: external, reg: prometheus.NewRegistry()}
	if w.log, err = nflog.New(nflog.Options{SnapshotFile: w.file("nflog"), Retention: amRetention, Logger: c.Log, Metrics: w.reg}); err != nil {
		return nil, fmt.Errorf("notification log of Alertmanager: %w", err)
	}
	if w.silences, err = silence.New(silence.Options{SnapshotFile: w.file("silences"), Retention: amRetention, Logger: c.Log, Metrics: w.reg, EventRecorder: w.rec}); err != nil {
		return nil, fmt.Errorf("silences of Alertmanager: %w", err)
	}
	return w.start()
}

func (w alertmanagerParts) file(name string) string { return filepath.Join(w.Dir, name) }

// start wires the parts as the server does and runs them.
func (w alertmanagerParts) start() (*Alertmanager, error) {
	tmpl, err := template.FromGlobs(w.conf.Templates)
	if err != nil {
		return nil, fmt.Errorf("templates of Alertmanager: %w", err)
	}
	tmpl.ExternalURL = w.external
	integrations, err := w.webhooks(tmpl)
	if err != nil {
		return nil, err
	}
	silencer, groups := silence.NewSilencer(w.silences, w.Log, w.rec), marker.NewGroupMarker()
	alerts, err := mem.NewAlerts(context.Background(), amMaintenance, 0, silencer, w.Log, w.rec, w.reg, w.flags)
	if err != nil {
		return nil, fmt.Errorf("alerts of Alertmanager: %w", err)
	}
	a := &Alertmanager{alerts: alerts, ended: make(chan struct{})}
	a.inhibitor = inhibit.NewInhibitor(alerts, w.conf.InhibitRules, w.Log, w.rec)
	peers := func() time.Duration { return 0 } // alone: there is no peer to wait for
	pipeline := notify.NewPipelineBuilder(w.reg, w.flags, w.rec).New(integrations, peers, a.inhibitor, silencer,
		timeinterval.NewIntervener(w.intervals()), groups, w.log, nil)
	timeout := func(d time.Duration) time.Duration { return max(d, notify.MinTimeout) }
	a.dispatcher = dispatch.NewDispatcher(alerts, dispatch.NewRoute(w.conf.Route, nil), pipeline, groups, timeout,
		amMaintenance, nil, w.Log, w.rec, dispatch.NewDispatcherMetrics(false, w.reg, w.flags), tmpl)
	served, err := api.New(api.Options{
		Alerts: alerts, Silences: w.silences, GroupMutedFunc: groups.Muted, Timeout: 5 * time.Second, Logger: w.Log, Registry: w.reg,
		RequestDuration: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "request_duration_seconds"}, []string{"handler", "method", "code"}),
		GroupFunc:       a.dispatcher.Groups,
	})
	if err != nil {
		alerts.Close()
		return nil, fmt.Errorf("API of Alertmanager: %w", err)
	}
	served.Update(w.conf, func(ctx context.Context, ls model.LabelSet) {
		a.inhibitor.Mutes(ctx, ls)
		silencer.Mutes(ctx, ls)
	})
	a.handler = served.Register(withProbes(), "/")
	a.run(w)
	a.stop = sync.OnceFunc(a.close)
	return a, nil
}

// webhooks makes the notifiers of every receiver.
func (w alertmanagerParts) webhooks(tmpl *template.Template) (map[string][]notify.Integration, error) {
	out := make(map[string][]notify.Integration)
	for _, r := range w.conf.Receivers {
		if other := otherThanWebhooks(r); other != "" {
			return nil, fmt.Errorf("configuration of Alertmanager: receiver %q: %s: only webhooks can be called from within this process; run Alertmanager as a server for others", r.Name, other)
		}
		out[r.Name] = nil
		for i, c := range r.WebhookConfigs {
			n, err := webhook.New(c, tmpl, w.Log.With("integration", "webhook"))
			if err != nil {
				return nil, fmt.Errorf("configuration of Alertmanager: receiver %q: %w", r.Name, err)
			}
			out[r.Name] = append(out[r.Name], notify.NewIntegration(n, c, "webhook", i, r.Name))
		}
	}
	return out, nil
}

// otherThanWebhooks names a kind of notification that a receiver has beside
// webhooks; it is empty if there is none.
func otherThanWebhooks(r config.Receiver) string {
	v := reflect.ValueOf(r)
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Type.Kind() == reflect.Slice && f.Name != "WebhookConfigs" && v.Field(i).Len() > 0 {
			return f.Name
		}
	}
	return ""
}

// intervals returns the times at which routes are mute or active, by name.
func (w alertmanagerParts) intervals() map[string][]timeinterval.TimeInterval {
	out := make(map[string][]timeinterval.TimeInterval)
	for _, t := range w.conf.MuteTimeIntervals {
		out[t.Name] = t.TimeIntervals
	}
	for _, t := range w.conf.TimeIntervals {
		out[t.Name] = t.TimeIntervals
	}
	return out
}

func withProbes() *route.Router {
	r := route.New()
	ok := func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusOK) }
	r.Get("/-/ready", ok)
	r.Get("/-/healthy", ok)
	return r
}

// run starts the loops. Inhibition is loaded before anything is dispatched,
// else the first alerts would pass it by.
func (a *Alertmanager) run(w alertmanagerParts) {
	a.done.Go(func() { w.log.Maintenance(amMaintenance, w.file("nflog"), a.ended, nil) })
	a.done.Go(func() { w.silences.Maintenance(amMaintenance, w.file("silences"), a.ended, nil) })
	a.done.Go(a.inhibitor.Run)
	a.inhibitor.WaitForLoading()
	a.done.Go(func() { a.dispatcher.Run(time.Now()) })
	a.dispatcher.WaitForLoading()
}

// Handler serves the HTTP API of Alertmanager, /api/v2, and /-/ready.
func (a *Alertmanager) Handler() http.Handler { return a.handler }

// Close stops sending, waits for what is being sent, and writes the silences
// and the log of notifications down. Later calls do nothing.
func (a *Alertmanager) Close() { a.stop() }

func (a *Alertmanager) close() {
	a.dispatcher.Stop()
	a.inhibitor.Stop()
	a.alerts.Close()
	close(a.ended)
	a.done.Wait()
}
