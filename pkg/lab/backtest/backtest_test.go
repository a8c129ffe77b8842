package backtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/source"
)

// whole runs one backtest of all history for the tests that only read it.
var whole struct {
	once   sync.Once
	report *Report
	err    error
	latest time.Time // asked for
	widest int       // points asked for at once
}

func report(t *testing.T) *Report {
	t.Helper()
	o := options(t, "shop", "cart")
	var mu sync.Mutex
	o.Ask = func(ctx context.Context, expr string, r andon.Range) (model.Matrix, error) {
		mu.Lock()
		whole.widest = max(whole.widest, int(r.End.Sub(r.Start)/r.Step)+1)
		if r.End.After(whole.latest) {
			whole.latest = r.End
		}
		mu.Unlock()
		return store(t).Range(ctx, expr, r)
	}
	whole.once.Do(func() { whole.report, whole.err = Run(context.Background(), o) })
	if whole.err != nil {
		t.Fatal(whole.err)
	}
	return whole.report
}

// said writes a report's rollouts: version<previous@start, verdict, minutes to
// the first fail.
func said(r *Report) string {
	var out []string
	for _, j := range r.Rollouts {
		s := fmt.Sprintf("%s %s<%s@%s %s", j.Rollout.Service, j.Rollout.Version, j.Rollout.Previous, j.Rollout.Started.Format("2T15:04"), j.Verdict.Verdict)
		if f := j.Verdict.FirstFail; f != nil {
			s += fmt.Sprintf("+%.0f", f.Sub(j.Rollout.Started).Minutes())
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}

func TestRollouts(t *testing.T) {
	r := report(t)
	if got, want := said(r), "shop v2<v1@2T10:00 pass, shop v3<v2@3T10:00 fail+1, shop v4<v2@4T10:00 pass"; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	bad := r.Rollouts[1]
	if bad.Reached != .2 || bad.Open {
		t.Errorf("v3 reached %v of the shop, open %v; want 2 of 10 nodes, and taken back", bad.Reached, bad.Open)
	}
	if taken := bad.Rollout.Ended.Sub(bad.Rollout.Started); taken != 20*time.Minute {
		t.Errorf("v3 was taken back after %s, want 20 minutes", taken)
	}
	if whole.latest.After(friday) || whole.widest > defaultPoints {
		t.Errorf("asked for %s and %d points at once; want nothing after %s and at most %d points", whole.latest, whole.widest, friday, defaultPoints)
	}
	if r.Queries > 200 {
		t.Errorf("%d queries for four days of two services", r.Queries)
	}
}

// TestNoise: placebos on pure noise hardly ever fail, those on a signal with
// bursts do, and are told apart by signal.
func TestNoise(t *testing.T) {
	r := report(t)
	shop, cart := r.Services[0], r.Services[1]
	for _, s := range []Service{shop, cart} {
		for _, x := range s.Trials {
			if x.Windows < 150 || x.Windows > 4*48 {
				t.Errorf("%s at %s: %d windows, want most of the %d half hours", s.Name, x.Sensitivity, x.Windows, 4*48)
			}
		}
		for _, x := range s.Signals {
			if !(x.Missing >= 0 && x.Missing < .01) || !(x.Deviation > 0 && x.Deviation < 2) || x.Weight <= 0 {
				t.Errorf("%s: %+v, want hardly a sample missing, and less than two standard deviations", s.Name, x)
			}
		}
	}
	for _, x := range shop.Signals {
		if x.Warned > x.Windows/100 || x.Alarmed > 0 {
			t.Errorf("the shop's %s: %d and %d of %d windows", x.Name, x.Warned, x.Alarmed, x.Windows)
		}
	}
	if shop.Suggested != andon.High {
		t.Errorf("for the shop %q is suggested (%s), want high", shop.Suggested, shop.Reason)
	}
	bursts, latency := cart.Signals[0], cart.Signals[1]
	if 25*bursts.Alarmed < bursts.Windows || latency.Alarmed > 0 {
		t.Errorf("the cart's errors alarmed in %d of %d windows, its latency in %d; want one in 25, and none", bursts.Alarmed, bursts.Windows, latency.Alarmed)
	}
	if cart.Suggested != "" || !strings.Contains(cart.Reason, "the noisiest signal is errors") {
		t.Errorf("for the cart %q is suggested: %s", cart.Suggested, cart.Reason)
	}
}

// TestRollback: a version that comes back once the other is gone is a rollout,
// and a signal that shows half of the time is said to.
func TestRollback(t *testing.T) {
	o := options(t, "bank")
	o.Since = friday.AddDate(0, 0, -1)
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if got := said(r); !strings.HasPrefix(got, "bank v2<v1@5T10:00 ") || !strings.Contains(got, ", bank v1<v2@5T10:30 ") || len(r.Rollouts) != 2 {
		t.Errorf("found %s", got)
	}
	for _, j := range r.Rollouts {
		if j.Verdict.Verdict == andon.Fail {
			t.Errorf("%s failed: %s", j.Rollout.ID, j.Verdict.Reason)
		}
	}
	if m := r.Services[0].Signals[1].Missing; !(m > .3 && m < .6) {
		t.Errorf("%v of the latency is missing, want about half", m)
	}
}

// TestSameAgain: the same seed finds the same, however much is asked at once.
func TestSameAgain(t *testing.T) {
	text := func(points, atOnce int) string {
		o := options(t, "cart")
		o.Since, o.MaxPoints, o.AtOnce, o.Placebos = friday.AddDate(0, 0, -1), points, atOnce, 20
		r, err := Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if r.Services[0].Trials[0].Windows != 20 {
			t.Errorf("%d windows, want the 20 asked for", r.Services[0].Trials[0].Windows)
		}
		r.Queries = 0
		var b strings.Builder
		if err := WriteLines(&b, r); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	if a, b := text(100, 1), text(1440, 4); a != b {
		t.Errorf("of 100 points at a time:\n%s\nof 1440:\n%s", a, b)
	}
}

func TestLittleHistory(t *testing.T) {
	tests := []struct {
		name   string
		change func(o *Options)
		want   string // of the service: its notes and its reason
	}{
		{"nothing", func(o *Options) { o.Services = []andon.Service{serviceOf("nobody")} },
			"no series with the label version since 2026-03-01T23:50:00Z"},
		{"of before", func(o *Options) { o.Since, o.Until = monday.AddDate(0, 0, -30), monday.AddDate(0, 0, -20) }, "no series"},
		{"begins late", func(o *Options) { o.Since = monday.AddDate(0, 0, -1) }, "samples begin at 2026-03-02T00:00:00Z"},
		{"a day", func(o *Options) { o.Until = monday.AddDate(0, 0, 1) }, "not enough history: 4"},
		{"another label", func(o *Options) { o.Services[0].Version = "release" }, "no series with the label release"},
		{"no label", func(o *Options) {
			o.Services[0].Version = ""
			o.Services = append(o.Services, serviceOf("nobody"))
		}, "no version label"},
		{"no metric", func(o *Options) { o.Services[0].Signals = []andon.Signal{{Name: "logs", Logs: "{}"}} }, "no metric"},
		{"nothing to judge", func(o *Options) {
			o.Services[0].Signals = []andon.Signal{{Name: "latency", Metric: `latency_seconds{app="cart"} * NaN`}}
		}, "only 0 of 188 windows could be judged, needs 100; for example: latency has no series at all"},
		{"no nodes", func(o *Options) { o.Services[0].Node = "" }, "no node label"},
		{"one node", func(o *Options) { o.Services[0].Node = "app" }, "left out: fewer than 3 nodes at the beginning"},
		{"no placebos", func(o *Options) { o.Placebos = -1 }, "placebos are turned off"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := options(t, "cart")
			tt.change(&o)
			r, err := Run(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			s := r.Services[0]
			if got := strings.Join(append(s.Notes, s.Reason), "\n"); !strings.Contains(got, tt.want) || s.Suggested != "" {
				t.Errorf("suggested %q, says %s\nwant %s", s.Suggested, got, tt.want)
			}
			if len(r.Rollouts) > 0 {
				t.Errorf("found %s", said(r))
			}
		})
	}
}

func TestOptions(t *testing.T) {
	tests := []struct {
		name   string
		change func(o *Options)
		want   string
	}{
		{"no service", func(o *Options) { o.Services = nil }, "name at least one"},
		{"no version label", func(o *Options) { o.Services[0].Version = "" }, "write version:"},
		{"ends before it begins", func(o *Options) { o.Until = monday.Add(-time.Hour) }, "choose an earlier beginning"},
		{"too many points", func(o *Options) { o.MaxPoints = 20_000 }, "between 10 and 11,000"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := options(t, "shop")
			tt.change(&o)
			if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

// TestSource: a source that is away ends the backtest; one that cannot answer
// a query is noted, and one that cannot answer so much is asked for less.
func TestSource(t *testing.T) {
	fault := func(k source.Kind) error { return &source.Error{Kind: k, Query: "q", Err: errors.New("so it is")} }
	tests := []struct {
		name  string
		fails func(expr string, points, n int) error
		err   string
		says  string // of the reasons and notes
	}{
		{"is away", func(string, int, int) error { return fault(source.Unreachable) }, "so it is", ""},
		{"is away for one query", func(_ string, _, n int) error {
			if n%10 == 0 {
				return fault(source.Unreachable)
			}
			return nil
		}, "", "fail"},
		{"goes away on the way", func(_ string, _, n int) error {
			if n > 5 {
				return fault(source.Unreachable)
			}
			return nil
		}, "so it is", ""},
		{"lets nobody in", func(string, int, int) error { return fault(source.Denied) }, "so it is", ""},
		{"large answers", func(_ string, points, _ int) error {
			if points > 200 {
				return fault(source.TooLarge)
			}
			return nil
		}, "", "fail"},
		{"no time", func(string, int, int) error { return fault(source.Timeout) }, "so it is", ""},
		{"a signal's query is bad", func(expr string, _, _ int) error {
			if strings.Contains(expr, "latency") {
				return fault(source.BadQuery)
			}
			return nil
		}, "", "latency could not be read"},
		{"the versions cannot be read", func(expr string, _, _ int) error {
			if strings.HasPrefix(expr, "count") {
				return fault(source.BadQuery)
			}
			return nil
		}, "", "versions could not be queried: query q: so it is"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := options(t, "shop")
			o.Since, o.Until, o.Placebos, o.AtOnce = monday.Add(32*time.Hour), monday.Add(36*time.Hour), 5, 1
			n := 0
			o.Ask = func(ctx context.Context, expr string, r andon.Range) (model.Matrix, error) {
				n++
				if err := tt.fails(expr, int(r.End.Sub(r.Start)/r.Step)+1, n); err != nil {
					return nil, err
				}
				return store(t).Range(ctx, expr, r)
			}
			r, err := Run(t.Context(), o)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) || n > 200 {
					t.Fatalf("%v after %d queries; want an error with %q soon", err, n, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := said(r) + strings.Join(r.Services[0].Notes, "\n")
			for _, j := range r.Rollouts {
				for _, f := range j.Verdict.Findings {
					got += "\n" + f.Reason
				}
			}
			if !strings.Contains(got, tt.says) {
				t.Errorf("says %s\nwant %s", got, tt.says)
			}
		})
	}
}

func TestInterrupted(t *testing.T) {
	o := options(t, "shop")
	ctx, cancel := context.WithCancel(t.Context())
	o.Progress = func(p Progress) {
		if strings.HasPrefix(p.Doing, "replaying") {
			cancel()
		}
	}
	if _, err := Run(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was canceled", err)
	}
}

func TestAtLeast(t *testing.T) {
	for _, tt := range []struct {
		k, n int
		p    float64
		want float64
	}{{0, 100, .01, 1}, {1, 1, .01, .01}, {1, 100, .01, .634}, {2, 200, .001, .0175}, {1, 200, .0001, .0198}} {
		if got := atLeast(tt.k, tt.n, tt.p); got < tt.want-.0005 || got > tt.want+.0005 {
			t.Errorf("%d or more of %d at %v: got %v, want %v", tt.k, tt.n, tt.p, got, tt.want)
		}
	}
}
