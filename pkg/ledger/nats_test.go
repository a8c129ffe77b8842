package ledger

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats-server/v2/server"
)

// serve starts a NATS server on a free loopback port.
func serve(t *testing.T, o *server.Options) *server.Server {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a NATS server")
	}
	o.Host, o.JetStream, o.NoSigs, o.NoLog = "127.0.0.1", true, true, true
	if o.Port == 0 {
		o.Port = server.RANDOM_PORT
	}
	if o.StoreDir == "" {
		o.StoreDir = t.TempDir()
	}
	s, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	stop := func() { s.Shutdown(); s.WaitForShutdown() }
	t.Cleanup(stop)
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the NATS server is not ready")
	}
	return s
}

// eventually polls until f returns nil.
func eventually(t *testing.T, what string, f func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := f(ctx)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: %v", what, err)
		case <-tick.C:
		}
	}
}

func TestURLSharesFacts(t *testing.T) {
	s := serve(t, &server.Options{Username: "andon", Password: "hush"})
	url := strings.Replace(s.ClientURL(), "nats://", "nats://andon:hush@", 1)
	a, b := open(t, Config{URL: url}), open(t, Config{URL: url})
	appendFact(t, a, fact("one"), true)
	appendFact(t, b, fact("one"), false)
	appendFact(t, b, fact("two"), true)
	for name, l := range map[string]*Ledger{"a": a, "b": b} {
		if diff := cmp.Diff([]Fact{fact("one"), fact("two")}, all(t, l)); diff != "" {
			t.Error(name, diff)
		}
	}
	stream, err := a.js.Stream(t.Context(), streamName)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Purge(t.Context()); err == nil {
		t.Error("the stream lets itself be purged")
	}
	if err := stream.DeleteMsg(t.Context(), 1); err == nil {
		t.Error("the stream lets facts be deleted")
	}
	if _, err := Open(t.Context(), Config{URL: s.ClientURL()}, nil); err == nil || !strings.Contains(err.Error(), "password") {
		t.Errorf("without a password: %v", err)
	}
}

func TestURLRefusesAStreamThatForgets(t *testing.T) {
	s := serve(t, &server.Options{})
	l := open(t, Config{URL: s.ClientURL()})
	if err := l.js.DeleteStream(t.Context(), streamName); err != nil {
		t.Fatal(err)
	}
	c := streamConfig(1)
	c.MaxAge = time.Hour
	if _, err := l.js.CreateStream(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Config{URL: s.ClientURL()}, nil); err == nil || !strings.Contains(err.Error(), "may lose facts") {
		t.Errorf("got %v, want an error that the stream forgets", err)
	}
}

func TestURLSaysWhatIsNotAFact(t *testing.T) {
	s := serve(t, &server.Options{})
	l := open(t, Config{URL: s.ClientURL()})
	appendFact(t, l, fact("one"), true)
	for _, body := range []string{"no JSON", `{"key":"one","kind":"k"}`} {
		if _, err := l.js.Publish(t.Context(), subjectPrefix+"elsewhere", []byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	appendFact(t, l, fact("two"), true)
	var keys []string
	damaged := 0
	for f, err := range l.All(t.Context()) {
		switch {
		case errors.Is(err, ErrDamaged):
			damaged++
		case err != nil:
			t.Fatal(err)
		default:
			keys = append(keys, f.Key)
		}
	}
	if diff := cmp.Diff([]string{"one", "two"}, keys); damaged != 2 || diff != "" {
		t.Errorf("%d damaged, want 2; keys %s", damaged, diff)
	}
}

func TestURLAppendWaitsForTheServer(t *testing.T) {
	o := &server.Options{StoreDir: t.TempDir()}
	s := serve(t, o)
	l := open(t, Config{URL: s.ClientURL()})
	appendFact(t, l, fact("before"), true)
	port := o.Port
	s.Shutdown()
	s.WaitForShutdown()

	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if first, err := l.Append(ctx, fact("nobody hears")); first || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("without a server: %v, %v", first, err)
	}
	done := make(chan error)
	go func() {
		first, err := l.Append(t.Context(), fact("patient"))
		if err == nil && !first {
			err = errors.New("not the first")
		}
		done <- err
	}()
	serve(t, &server.Options{StoreDir: o.StoreDir, Port: port})
	if err := <-done; err != nil {
		t.Error(err)
	}
	if got := all(t, l); len(got) != 2 || got[1].Key != "patient" {
		t.Errorf("got %v", got)
	}
}

func TestClusterKeepsFactsWhenItsLeaderDies(t *testing.T) {
	if testing.Short() {
		t.Skip("a cluster takes some seconds to choose leaders")
	}
	var nodes []*server.Server
	var urls, routes []string
	for i := range 3 {
		o := &server.Options{ServerName: fmt.Sprint("n", i), Cluster: server.ClusterOpts{Name: "c", Host: "127.0.0.1", Port: server.RANDOM_PORT}}
		o.Routes = server.RoutesFromStr(strings.Join(routes, ","))
		if i == 0 {
			// One that routes nowhere would wait for nobody; the others come to it.
			o.Routes = server.RoutesFromStr("nats://127.0.0.1:1")
		}
		n := serve(t, o)
		nodes, urls = append(nodes, n), append(urls, n.ClientURL())
		routes = append(routes, "nats://"+n.ClusterAddr().String())
	}
	var l *Ledger
	eventually(t, "opening a ledger in a cluster of three", func(ctx context.Context) (err error) {
		c, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		l, err = Open(c, Config{URL: strings.Join(urls, ",")}, nil)
		return err
	})
	t.Cleanup(func() { l.Close() })
	info, err := l.facts.Info(t.Context())
	if err != nil || info.Config.Replicas != 3 {
		t.Fatalf("replicas %+v, %v", info, err)
	}
	for i := range 20 {
		appendFact(t, l, fact(fmt.Sprint(i)), true)
		appendFact(t, l, fact(fmt.Sprint(i)), false)
	}
	for _, n := range nodes {
		if n.Name() == info.Cluster.Leader {
			n.Shutdown()
		}
	}
	for i := range 40 {
		appendFact(t, l, fact(fmt.Sprint(i)), i >= 20)
	}
	got := all(t, l)
	for i, f := range got {
		if f.Key != fmt.Sprint(i) {
			t.Fatalf("fact %d is %s", i, f.Key)
		}
	}
	if len(got) != 40 {
		t.Errorf("%d facts, want 40", len(got))
	}
}
