package exporter

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/ledger"
)

// TestKill kills a serving exporter at random moments while rollouts are
// announced to it and notifications sent to it as a pair of Alertmanagers
// does. Whatever it acknowledged it must know afterwards, and every failed
// rollout must be halted once by effect. ANDON_KILLS says how often; 10 if it
// is not set.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("kills a process ten times")
	}
	kills := 10
	if s := os.Getenv("ANDON_KILLS"); s != "" {
		var err error
		if kills, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	shop := newShop(t, filepath.Join(dir, "shop"), time.Now().Add(-20*time.Minute).Truncate(time.Minute), []string{"good"}, []string{"bad"})
	defer func() { shop.server.Close(); shop.Close() }()
	w := &world{T: t, random: rand.New(rand.NewPCG(1, 2)), tool: newTool(t), dir: dir, started: time.Now().Add(-20 * time.Minute)}
	w.configure(shop.server.URL)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	enough, done := make(chan struct{}), make(chan struct{})
	var senders sync.WaitGroup
	for lane := range 4 { // each sends one rollout after the other
		senders.Go(func() { w.sendRollouts(ctx, lane, enough) })
	}
	go func() { senders.Wait(); close(done) }()
	for range kills {
		p := w.start()
		<-time.After(time.Duration(50+w.random.IntN(1000)) * time.Millisecond)
		p.Process.Kill()
		p.Wait()
	}
	p := w.start()
	close(enough)
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Error("not all was acknowledged within a minute after the last kill")
		cancel()
		<-done
	}
	w.verify()
	p.Process.Kill()
	p.Wait()
	w.verifyLedger()
	t.Logf("%d kills; %d rollouts announced, %d notifications acknowledged in %d tries; %d calls of the tool, %d refused by it, %d halts by effect",
		kills, len(w.rollouts), w.acknowledged, w.tries, w.tool.calls, w.tool.refused, len(w.tool.keys))
}

// A told is a rollout as its sender knows it.
type told struct {
	id    string
	bad   bool
	ended bool // its end was acknowledged
}

// A world is what surrounds the exporter that is killed.
type world struct {
	*testing.T
	random   *rand.Rand // of the killer alone
	tool     *tool
	dir      string
	address  string
	started  time.Time
	rollouts []*told

	mu                  sync.Mutex
	tries, acknowledged int
}

func (w *world) configure(prometheus string) {
	w.address = freeAddress(w.T)
	text := configText(prometheus, "", "tick: 200ms\nhalt: {mode: halt, budget: 10000 per 1h}", "good", "bad")
	// Thresholds, for rollouts that fail at the same time share the blame.
	text = strings.ReplaceAll(text, "    per:", "    fail_fast: {above: 2}\n    per:") +
		"  tool: {webhook: {url: '" + w.tool.server.URL + "/halt?rollout={{.Rollout.ID | urlquery}}'}}\n"
	if err := os.WriteFile(filepath.Join(w.dir, "andon.yml"), []byte(text), 0o600); err != nil {
		w.Fatal(err)
	}
}

func (w *world) start() *exec.Cmd {
	p := exec.Command(os.Args[0])
	p.Env = append(os.Environ(), serveAt+"="+w.address, serveConfig+"="+filepath.Join(w.dir, "andon.yml"), serveFolder+"="+filepath.Join(w.dir, "data"))
	p.Stderr = &bytes.Buffer{}
	if err := p.Start(); err != nil {
		w.Fatal(err)
	}
	return p
}

// sendRollouts sends rollouts, three bad ones to each good one, until there are enough.
func (w *world) sendRollouts(ctx context.Context, lane int, enough <-chan struct{}) {
	for i := 0; ; i++ {
		select {
		case <-enough:
			return
		default:
		}
		r := &told{id: fmt.Sprintf("r-%d-%d", lane, i), bad: i%4 != 3}
		w.mu.Lock()
		w.rollouts = append(w.rollouts, r)
		w.mu.Unlock()
		w.live(ctx, r)
	}
}

// live announces a rollout, has it judged, tells the alert if it fails, and
// announces its end. Each step is tried until it is acknowledged.
func (w *world) live(ctx context.Context, r *told) {
	service := "good"
	if r.bad {
		service = "bad"
	}
	body := fmt.Sprintf(`{"id":%q,"service":%q,"scope":{"lane":%q},"version":"v2","candidate":{"version":"v2"},"control":{"version":"v1"},"started":%q}`,
		r.id, service, r.id, w.started.Format(time.RFC3339))
	w.until(ctx, func() bool { s, _ := w.send(ctx, "POST", "/api/v1/rollouts", body); return s == 200 || s == 201 })
	w.until(ctx, func() bool { // as the alert's expression does
		s, text := w.send(ctx, "GET", "/api/v1/rollouts/"+r.id+"/verdict", "")
		var v andon.Verdict
		return s == 200 && json.Unmarshal([]byte(text), &v) == nil && (v.Verdict == andon.Fail) == r.bad
	})
	if r.bad {
		var pair sync.WaitGroup
		for range 2 {
			pair.Go(func() {
				w.until(ctx, func() bool {
					s, text := w.send(ctx, "POST", "/api/v1/alerts", firing(r.id, w.started))
					w.mu.Lock()
					w.tries++
					if s == 200 {
						w.acknowledged++
					}
					w.mu.Unlock()
					if s != 0 && s != 200 && s != 503 {
						w.Errorf("%s: status %d: %s", r.id, s, text)
					}
					return s == 200
				})
			})
		}
		pair.Wait()
	}
	end := fmt.Sprintf(`{"id":%q,"service":%q,"ended":%q}`, r.id, service, time.Now().Format(time.RFC3339Nano))
	w.until(ctx, func() bool { s, _ := w.send(ctx, "POST", "/api/v1/rollouts", end); return s == 200 })
	r.ended = ctx.Err() == nil
}

// until tries until it is done, as soon as it may have become so.
func (w *world) until(ctx context.Context, done func() bool) {
	for !done() {
		select {
		case <-ctx.Done():
			return
		case <-time.After(30 * time.Millisecond):
		}
	}
}

// send returns the status and the body, 0 if there was no answer.
func (w *world) send(ctx context.Context, method, path, body string) (int, string) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, "http://"+w.address+path, strings.NewReader(body))
	if err != nil {
		w.Error(err)
		return 0, ""
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, ""
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, ""
	}
	return resp.StatusCode, string(text)
}

// verify asks the exporter for all that it acknowledged.
func (w *world) verify() {
	for _, r := range w.rollouts {
		status, text := w.send(w.Context(), "GET", "/api/v1/rollouts/"+r.id, "")
		var ro andon.Rollout
		if err := json.Unmarshal([]byte(text), &ro); status != 200 || err != nil || ro.Ended.IsZero() == r.ended {
			w.Errorf("%s: status %d, %v; its end was acknowledged: %v; known is %s", r.id, status, err, r.ended, text)
		}
		keys := w.tool.keysOf(r.id)
		if r.bad && keys != 1 || !r.bad && keys != 0 {
			w.Errorf("%s was halted %d times by effect; bad: %v", r.id, keys, r.bad)
		}
	}
}

// verifyLedger reads the facts: each notification and each halt once.
func (w *world) verifyLedger() {
	l, err := ledger.Open(w.Context(), ledger.Config{Dir: filepath.Join(w.dir, "data", "facts")}, nil)
	if err != nil {
		w.Fatal(err)
	}
	defer l.Close()
	seen := map[string]int{}
	for f, err := range l.All(w.Context()) {
		if err != nil {
			w.Fatal(err)
		}
		var d struct{ Rollout string }
		if json.Unmarshal(f.Data, &d) == nil {
			seen[f.Kind+" "+d.Rollout]++
		}
	}
	for _, r := range w.rollouts {
		for _, kind := range []string{factReceived, factAsked, factAnswered} {
			if n := seen[kind+" "+r.id]; r.bad && n != 1 || !r.bad && n != 0 {
				w.Errorf("%s: %d facts of %s; bad: %v", r.id, n, kind, r.bad)
			}
		}
	}
}

// A tool is a delivery tool that is slow and sometimes unavailable.
type tool struct {
	server *httptest.Server

	mu             sync.Mutex
	random         *rand.Rand
	calls, refused int
	keys           map[string]string // Idempotency-Key to rollout
}

func newTool(t *testing.T) *tool {
	x := &tool{random: rand.New(rand.NewPCG(3, 4)), keys: map[string]string{}}
	x.server = httptest.NewServer(x)
	t.Cleanup(x.server.Close)
	return x
}

func (x *tool) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x.mu.Lock()
	x.calls++
	before, after := x.random.IntN(40), x.random.IntN(80)
	refuses := x.random.IntN(5) == 0
	x.mu.Unlock()
	pause(r.Context(), before)
	x.mu.Lock()
	if refuses {
		x.refused++
	} else {
		x.keys[r.Header.Get("Idempotency-Key")] = r.URL.Query().Get("rollout")
	}
	x.mu.Unlock()
	pause(r.Context(), after) // the effect is there, the answer is not
	if refuses {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

func pause(ctx context.Context, ms int) {
	select {
	case <-ctx.Done():
	case <-time.After(time.Duration(ms) * time.Millisecond):
	}
}

func (x *tool) keysOf(rollout string) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	n := 0
	for _, r := range x.keys {
		if r == rollout {
			n++
		}
	}
	return n
}
