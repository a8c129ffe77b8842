package ledger

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// A proxy stands between a client and its server and can lose answers.
type proxy struct {
	net.Listener
	server string

	mu    sync.Mutex
	mute  bool
	conns []net.Conn
}

func newProxy(t *testing.T, url string) *proxy {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{Listener: ln, server: strings.TrimPrefix(url, "nats://")}
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			s, err := net.Dial("tcp", p.server)
			if err != nil {
				c.Close()
				continue
			}
			p.mu.Lock()
			p.conns = append(p.conns, c, s)
			p.mu.Unlock()
			go func() { io.Copy(s, c); s.Close() }()
			go func() { io.Copy(answers{p, c}, s); c.Close() }()
		}
	}()
	t.Cleanup(func() { ln.Close(); p.lose(false) })
	return p
}

type answers struct {
	p *proxy
	c net.Conn
}

func (a answers) Write(b []byte) (int, error) {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	if a.p.mute {
		return len(b), nil
	}
	return a.c.Write(b)
}

// lose makes answers get lost, or not any more; connections that lost some
// are of no use afterwards.
func (p *proxy) lose(mute bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mute = mute; mute {
		return
	}
	for _, c := range p.conns {
		c.Close()
	}
	p.conns = nil
}

func TestAppendWhoseAnswerIsLost(t *testing.T) {
	s := serve(t, &server.Options{})
	direct := open(t, Config{URL: s.ClientURL()})
	p := newProxy(t, s.ClientURL())
	l := open(t, Config{URL: "nats://" + p.Addr().String()})
	l.tryFor = 200 * time.Millisecond

	t.Run("and found again", func(t *testing.T) {
		p.lose(true)
		answer := make(chan error)
		go func() {
			first, err := l.Append(t.Context(), fact("found"))
			if err == nil && !first {
				err = errors.New("Append does not know its own fact")
			}
			answer <- err
		}()
		eventually(t, "the fact arrives", func(ctx context.Context) error {
			_, found, err := direct.Get(ctx, "found")
			if err == nil && !found {
				err = errors.New("not there")
			}
			return err
		})
		p.lose(false)
		if err := <-answer; err != nil {
			t.Error(err)
		}
	})
	t.Run("for good", func(t *testing.T) {
		p.lose(true)
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		if first, err := l.Append(ctx, fact("lost")); first || !errors.Is(err, ErrUnknown) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, %v; want ErrUnknown and why", first, err)
		}
		p.lose(false)
		appendFact(t, l, fact("lost"), false) // it had been kept, and trying again is safe
	})
	t.Run("and another's fact stands", func(t *testing.T) {
		appendFact(t, direct, fact("taken"), true)
		p.lose(true)
		answer := make(chan bool)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() {
			first, err := l.Append(ctx, fact("taken"))
			answer <- first || err != nil
		}()
		// Only once a try has ended without an answer does it read back.
		time.AfterFunc(2*l.tryFor, func() { p.lose(false) })
		if <-answer {
			t.Error("it takes another's fact for its own")
		}
	})
	if got := all(t, direct); len(got) != 3 {
		t.Errorf("%d facts, want 3", len(got))
	}
}
