package demo

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/andon-project/andon/internal/testkit"
)

const shipped = "../../rules"

// TestRun shows the whole way: a bad version is judged by what Prometheus
// scraped, the shipped rule fires, Alertmanager routes it by the shipped
// configuration, and the delivery tool is told to halt.
func TestRun(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 90 seconds: two rollouts in real time")
	}
	t.Setenv("TMPDIR", t.TempDir())
	testkit.LeaveNothing(t)
	var out lines
	err := Run(t.Context(), Options{
		Shop: Config{Seed: 1, Fault: Errors}, Baseline: 15 * time.Second, Limit: 3 * time.Minute,
		Listen: "127.0.0.1:0", Rules: shipped, Out: &out, Exit: true,
		happened: func(s *stack) { t.Run("dashboards", func(t *testing.T) { onDashboards(t, s) }) },
	})
	text := strings.Join(out.all(), "")
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for _, want := range []string{
		"checkout  FAIL, evidence", "halted by Alertmanager through Andon: POST http://127.0.0.1:", "/rollouts/checkout/halt Idempotency-Key: halt-checkout-v2",
		"4 of 5 nodes never ran v2", "catalog v2 was good: it passed and runs on all 5 nodes.",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q was not told:\n%s", want, text)
		}
	}
	nothingIn(t, os.Getenv("TMPDIR"))
}

// TestRunEnds ends a demonstration early, as Ctrl-C does.
func TestRunEnds(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a shop and its servers")
	}
	t.Setenv("TMPDIR", t.TempDir())
	testkit.LeaveNothing(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	var out lines
	go func() {
		ended <- Run(ctx, Options{Shop: Config{Fault: Errors}, Baseline: time.Second, Listen: "127.0.0.1:0", Rules: shipped, Out: &out})
	}()
	testkit.Within(t, "the rollouts begin", func() bool { return strings.Contains(strings.Join(out.all(), ""), "1 of 5 nodes run v2") })
	cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("ended early with %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("it did not end within 30 s")
	}
	nothingIn(t, os.Getenv("TMPDIR"))
}

func nothingIn(t *testing.T, dir string) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}

func TestRunRefuses(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, tt := range []struct{ name, listen, rules, want string }{
		{"the port is taken", taken.Addr().String(), shipped, "another program is listening on " + taken.Addr().String() + "; choose another address, such as --web.listen-address localhost:9416"},
		{"no rules", "127.0.0.1:0", t.TempDir(), "set --rules.path to its folder rules"},
		{"not an address", "nowhere", shipped, "listening on nowhere"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("TMPDIR", t.TempDir())
			testkit.LeaveNothing(t)
			var out lines
			err := Run(t.Context(), Options{Listen: tt.listen, Rules: tt.rules, Out: &out, Exit: true})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want one with %q", err, tt.want)
			}
			nothingIn(t, os.Getenv("TMPDIR"))
		})
	}
}
