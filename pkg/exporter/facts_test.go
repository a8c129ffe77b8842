package exporter

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/ledger"
)

// A foldFunc is a folder.
type foldFunc func(ledger.Fact) error

// Fold implements folder.
func (f foldFunc) Fold(fact ledger.Fact) error { return f(fact) }

// Every folder is told of every new fact, once, and at a replay of all; one
// that cannot read a fact keeps it from no other.
func TestFacts(t *testing.T) {
	l, err := ledger.Open(t.Context(), ledger.Config{Dir: t.TempDir()}, hclog.NewNullLogger())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var told []string
	tell := func(name string, bad bool) folder {
		return foldFunc(func(f ledger.Fact) error {
			told = append(told, name+" of "+f.Key)
			if bad {
				return errors.New("cannot read it")
			}
			return nil
		})
	}
	var log strings.Builder
	kept := &facts{ledger: l, log: hclog.New(&hclog.LoggerOptions{Output: &log}), folders: []folder{tell("one", false), tell("two", false)}}
	for i, key := range []string{"a", "b", "a"} {
		f, err := newFact("test.kind", key, noon, key)
		if err != nil {
			t.Fatal(err)
		}
		if first, err := kept.keep(t.Context(), f); err != nil || first != (i < 2) {
			t.Errorf("%s: first %v (%v)", key, first, err)
		}
	}
	if want := []string{"one of a", "two of a", "one of b", "two of b"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	told = nil
	if err := kept.replay(t.Context(), tell("three", true), tell("four", false)); err != nil {
		t.Fatal(err)
	}
	if want := []string{"three of a", "four of a", "three of b", "four of b"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	if n := strings.Count(log.String(), "fact cannot be read and is ignored"); n != 2 {
		t.Errorf("%d facts were passed over, want 2:\n%s", n, log.String())
	}
}

// Subscribers are told in their order of the tick, and then of each rollout
// that has ended; of half a tick nobody is.
func TestPublish(t *testing.T) {
	var told []string
	s := &snapshots{}
	for _, name := range []string{"1", "2"} {
		s.onTick = append(s.onTick, func(_ context.Context, before, after *snapshot) {
			if s.current() != after {
				t.Error("what is told of is not the newest yet")
			}
			told = append(told, name+":"+strings.Repeat("b", len(before.all()))+strings.Repeat("a", len(after.judgments)))
		})
		s.onEnding = append(s.onEnding, func(_ context.Context, at time.Time, last judgment) {
			told = append(told, name+":"+last.rollout.ID+"@"+at.Format("15:04"))
		})
	}
	of := func(minute int, ids ...string) *snapshot {
		var all []judgment
		for _, id := range ids {
			all = append(all, judgment{rollout: andon.Rollout{ID: id}})
		}
		return newSnapshot(noon.Add(time.Duration(minute)*time.Minute), all)
	}
	half, cancel := context.WithCancel(t.Context())
	cancel()
	for _, step := range []struct {
		ctx  context.Context
		tick *snapshot
		want string
	}{
		{t.Context(), of(1, "x", "y", "z"), "1:aaa 2:aaa"},
		{half, of(2), ""},
		{t.Context(), of(3, "y"), "1:bbba 2:bbba 1:x@12:03 2:x@12:03 1:z@12:03 2:z@12:03"},
		{t.Context(), of(4, "y"), "1:ba 2:ba"},
	} {
		told = nil
		s.publish(step.ctx, step.tick)
		if got := strings.Join(told, " "); got != step.want {
			t.Errorf("at %s: told %q, want %q", step.tick.at.Format("15:04"), got, step.want)
		}
	}
}
