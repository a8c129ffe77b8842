package main

import (
	"bytes"
	"fmt"
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
)

// A process is a server that a test runs as its users do: started, stopped,
// killed and started again on the same files.
type process struct {
	t    *testing.T
	name string
	args []string
	log  string // file that its output goes to
	cmd  *exec.Cmd
	gone chan struct{} // closed when it has ended
}

// newProcess starts a program and sees to it that it ends with the test. The
// end of its output is shown if the test fails.
func newProcess(t *testing.T, name string, args ...string) *process {
	t.Helper()
	p := &process{t: t, name: name, args: args, log: filepath.Join(t.TempDir(), filepath.Base(name)+".log")}
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("last output of %s:\n%s", filepath.Base(name), tail(p.log, 4<<10))
		}
	})
	p.start()
	return p
}

func (p *process) start() {
	p.t.Helper()
	out, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		p.t.Fatal(err)
	}
	p.cmd = exec.Command(p.name, p.args...)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	if err := p.cmd.Start(); err != nil {
		p.t.Fatalf("starting %s: %v", p.name, err)
	}
	cmd, gone := p.cmd, make(chan struct{})
	p.gone = gone
	go func() {
		_ = cmd.Wait() // how it ended does not matter here
		_ = out.Close()
		close(gone)
	}()
}

// stop ends the process as an init system does and waits for it.
func (p *process) stop() { p.end(syscall.SIGTERM) }

// kill ends the process as a power cut does and waits for it.
func (p *process) kill() { p.end(syscall.SIGKILL) }

func (p *process) end(s syscall.Signal) {
	_ = p.cmd.Process.Signal(s) // it may have ended
	select {
	case <-p.gone:
	case <-time.After(20 * time.Second):
		p.t.Errorf("%s did not end after %v", p.name, s)
		_ = p.cmd.Process.Kill()
	}
}

func tail(file string, n int) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	return string(bytes.TrimSpace(b[max(0, len(b)-n):]))
}

// freeAddress returns a loopback address that nothing listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// eventually polls until ok returns an empty text, and fails with the last
// text, which says what is still missing, after limit.
func eventually(t *testing.T, limit time.Duration, ok func() string) {
	t.Helper()
	deadline := time.After(limit)
	poll := time.NewTicker(100 * time.Millisecond)
	defer poll.Stop()
	for {
		missing := ok()
		if missing == "" {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("after %v: %s", limit, missing)
		case <-poll.C:
		}
	}
}

// answers returns an empty text once url answers 200, else what it does.
func answers(url string) string {
	res, err := (&http.Client{Timeout: 2 * time.Second}).Get(url)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusOK {
		return ""
	}
	said, _ := io.ReadAll(io.LimitReader(res.Body, 1<<10))
	return fmt.Sprintf("%s: %s: %s", url, res.Status, said)
}

// write writes a file made of another with some texts replaced.
func write(t *testing.T, to, from string, replace ...string) string {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, []byte(strings.NewReplacer(replace...).Replace(string(text))), 0o600); err != nil {
		t.Fatal(err)
	}
	return to
}
