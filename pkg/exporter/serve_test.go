package exporter

import (
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/config"
)

// TestServe runs the program: it becomes ready without a Prometheus, loads its
// configuration anew on SIGHUP, and ends in order on SIGTERM.
func TestServe(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the exporter")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "andon.yml")
	write := func(head string) {
		if err := os.WriteFile(file, []byte(configText("http://127.0.0.1:1", "", head, "good")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("tick: 100ms")
	address := freeAddress(t)
	p := exec.Command(os.Args[0])
	p.Env = append(os.Environ(), serveAt+"="+address, serveConfig+"="+file, serveFolder+"="+dir)
	var log strings.Builder
	p.Stderr = &log
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- p.Wait() }()
	defer p.Process.Kill()

	get := func(path, part string) {
		t.Helper()
		var last string
		for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); <-time.After(20 * time.Millisecond) {
			resp, err := http.Get("http://" + address + path)
			if err != nil {
				last = err.Error()
				continue
			}
			body, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if last = string(body); resp.StatusCode == 200 && strings.Contains(last, part) {
				return
			}
		}
		t.Fatalf("GET %s has no %q: %.500s", path, part, last)
	}
	get("/-/ready", "ready")
	get("/metrics", `andon_halt_mode{mode="observe"} 1`)
	write("tick: 100ms\nhalt: {mode: halt}")
	if err := p.Process.Signal(syscall.SIGHUP); err != nil {
		t.Skipf("this system has no SIGHUP: %v", err)
	}
	get("/metrics", `andon_halt_mode{mode="halt"} 1`)
	write("tick: never")
	p.Process.Signal(syscall.SIGHUP)
	get("/metrics", "andon_config_last_reload_successful 0")
	get("/metrics", `andon_halt_mode{mode="halt"} 1`)

	p.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("it ended with %v:\n%s", err, log.String())
		}
	case <-time.After(20 * time.Second):
		t.Error("it did not end on SIGTERM")
	}
	if !strings.Contains(log.String(), "auth is not configured") || !strings.Contains(log.String(), "is not a duration") {
		t.Errorf("the log has no warning of missing auth, or nothing of the wrong configuration:\n%s", log.String())
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestTwoProcesses: a second one is told that the folder is taken.
func TestTwoProcesses(t *testing.T) {
	dir, c := t.TempDir(), &clock{now: noon}
	text := configText("http://127.0.0.1:1", "", "", "good")
	e := open(t, text, dir, c)
	defer closeNow(t, e)
	parsed, err := config.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	second, err := New(t.Context(), Options{Config: parsed, StoragePath: dir, Now: c.Now})
	if err == nil {
		second.Close()
		t.Fatal("two exporters write to one folder")
	}
	if !strings.Contains(err.Error(), "in use") {
		t.Errorf("got %v, want that the folder is in use", err)
	}
}
