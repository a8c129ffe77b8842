package board

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/ledger"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// minute returns noon and n minutes.
func minute(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }

// A factLog keeps facts as a ledger does, in memory.
type factLog struct {
	mu    sync.Mutex
	facts []ledger.Fact
	fail  error // of the next Append
	lose  bool  // keep the fact that fails
}

func (l *factLog) Append(_ context.Context, f ledger.Fact) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := l.fail
	if l.fail = nil; err != nil && !l.lose {
		return false, err
	}
	for _, k := range l.facts {
		if k.Key == f.Key {
			return false, err
		}
	}
	l.facts = append(l.facts, f)
	return err == nil, err
}

func fold(t *testing.T, facts []ledger.Fact) *Board {
	t.Helper()
	b := NewBoard(nil, time.Hour)
	for _, f := range facts {
		if err := b.Fold(f); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// A word is an announcement made some minutes after noon.
type word struct {
	at    int
	ro    andon.Rollout
	first bool
}

// seen is a rollout as it stands, in minutes after noon.
type seen struct {
	id     string
	start  int
	stages []int
	end    int // -1 while under way
}

func see(ro andon.Rollout) seen {
	at := func(t time.Time) int { return int(t.Sub(noon) / time.Minute) }
	s := seen{id: ro.ID, start: at(ro.Started), end: -1}
	for _, st := range ro.Stages {
		s.stages = append(s.stages, at(st))
	}
	if !ro.Ended.IsZero() {
		s.end = at(ro.Ended)
	}
	return s
}

func stages(minutes ...int) (ts []time.Time) {
	for _, m := range minutes {
		ts = append(ts, minute(m))
	}
	return ts
}

func TestBoard(t *testing.T) {
	ro := func(id string, change ...func(*andon.Rollout)) andon.Rollout {
		r := andon.Rollout{ID: id, Service: "checkout"}
		for _, c := range change {
			c(&r)
		}
		return r
	}
	staged := func(m ...int) func(*andon.Rollout) {
		return func(r *andon.Rollout) { r.Stages = stages(m...) }
	}
	started := func(m int) func(*andon.Rollout) { return func(r *andon.Rollout) { r.Started = minute(m) } }
	ended := func(m int) func(*andon.Rollout) { return func(r *andon.Rollout) { r.Ended = minute(m) } }
	in := func(region string) func(*andon.Rollout) {
		return func(r *andon.Rollout) { r.Scope = map[string]string{"region": region} }
	}
	version := func(v string) func(*andon.Rollout) { return func(r *andon.Rollout) { r.Version = v } }
	tests := []struct {
		name  string
		said  []word
		now   int
		want  []seen // newest first
		facts int
	}{
		{"one starts when it is announced", []word{{0, ro("a"), true}}, 10, []seen{{"a", 0, nil, -1}}, 1},
		{"one ends when it is baked", []word{{0, ro("a"), true}}, 60, []seen{{"a", 0, nil, 60}}, 1},
		{"baking begins at the last stage", []word{{0, ro("a", staged(0, 15)), true}}, 74, []seen{{"a", 0, []int{0, 15}, -1}}, 1},
		{"and ends an hour later", []word{{0, ro("a", staged(10)), true}}, 90, []seen{{"a", 0, []int{10}, 70}}, 1},
		{"the same again is nothing new", []word{{0, ro("a", started(-5), staged(0)), true}, {3, ro("a", started(-5), staged(0)), false}}, 10, []seen{{"a", -5, []int{0}, -1}}, 1},
		{"the same again without a start", []word{{0, ro("a"), true}, {3, ro("a"), false}}, 10, []seen{{"a", 0, nil, -1}}, 1},
		{"stages join", []word{{0, ro("a", staged(1)), true}, {30, ro("a", staged(20, 30)), false}, {40, ro("a", staged(20)), false}}, 50, []seen{{"a", 0, []int{1, 20, 30}, -1}}, 2},
		{"a late stage takes up one that was baked", []word{{0, ro("a"), true}, {65, ro("a", staged(65)), false}}, 70, []seen{{"a", 0, []int{65}, -1}}, 2},
		{"an end stays", []word{{0, ro("a"), true}, {10, ro("a", ended(10)), false}, {20, ro("a", ended(20)), false}, {30, ro("a", staged(5)), false}}, 40, []seen{{"a", 0, []int{5}, 10}}, 3},
		{"an end may turn out to be earlier", []word{{0, ro("a"), true}, {10, ro("a", ended(10)), false}, {20, ro("a", ended(9)), false}}, 40, []seen{{"a", 0, nil, 9}}, 3},
		{"an end is not baked", []word{{0, ro("a", ended(0)), true}, {100, ro("b", started(1), ended(90)), true}}, 120, []seen{{"b", 1, nil, 90}, {"a", 0, nil, 0}}, 2},
		{"an end that is ahead is not yet", []word{{0, ro("a", ended(10)), true}}, 9, []seen{{"a", 0, nil, -1}}, 1},
		{"a new one supersedes", []word{{0, ro("a"), true}, {10, ro("b"), true}, {20, ro("c"), true}}, 20, []seen{{"c", 20, nil, -1}, {"b", 10, nil, 20}, {"a", 0, nil, 10}}, 3},
		{"not before it starts", []word{{0, ro("a"), true}, {10, ro("b", started(20)), true}}, 19, []seen{{"b", 20, nil, -1}, {"a", 0, nil, -1}}, 2},
		{"not one that had ended", []word{{0, ro("a", ended(0)), true}, {10, ro("b"), true}}, 20, []seen{{"b", 10, nil, -1}, {"a", 0, nil, 0}}, 2},
		{"one heard of late had been superseded before", []word{{10, ro("b"), true}, {20, ro("a", started(5)), true}}, 30, []seen{{"b", 10, nil, -1}, {"a", 5, nil, 10}}, 2},
		{"the later announced of two that start together", []word{{10, ro("b", started(9)), true}, {20, ro("a", started(9)), true}}, 30, []seen{{"a", 9, nil, -1}, {"b", 9, nil, 9}}, 2},
		{"not in another scope", []word{{0, ro("a", in("eu")), true}, {10, ro("b", in("us")), true}, {20, ro("c"), true}}, 20, []seen{{"c", 20, nil, -1}, {"b", 10, nil, -1}, {"a", 0, nil, -1}}, 3},
		{"stages are unknown before they are complete", []word{{0, ro("a", staged(0, 10)), true}}, 5, []seen{{"a", 0, []int{0}, -1}}, 1},
		{"an id is made of service and start", []word{{0, ro(""), true}, {10, ro(""), true}}, 10, []seen{{"checkout-20260301T121000Z", 10, nil, -1}, {"checkout-20260301T120000Z", 0, nil, 10}}, 2},
		{"and of the version", []word{{0, ro("", version("v2"), started(-1)), true}, {10, ro("", version("v2"), started(-1)), false}}, 10, []seen{{"checkout-v2-20260301T115900Z", -1, nil, -1}}, 1},
		{"a version under way is meant", []word{{0, ro("x", version("v2")), true}, {10, ro("", version("v2"), staged(10)), false}}, 10, []seen{{"x", 0, []int{10}, -1}}, 2},
		{"one that has ended is not", []word{{0, ro("x", version("v2"), ended(0)), true}, {10, ro("", version("v2")), true}}, 10, []seen{{"checkout-v2-20260301T121000Z", 10, nil, -1}, {"x", 0, nil, 0}}, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var l factLog
			b := NewBoard(l.Append, time.Hour)
			for _, s := range tt.said {
				stands, first, err := b.Announce(t.Context(), s.ro, minute(s.at))
				if err != nil {
					t.Fatal(err)
				}
				if got, known := b.Get(stands.ID, minute(s.at)); first != s.first || !known || !cmp.Equal(got, stands) {
					t.Errorf("announcing %+v: first is %v, stands %+v, Get says %+v", s.ro, first, stands, got)
				}
			}
			if len(l.facts) != tt.facts {
				t.Errorf("%d facts, want %d", len(l.facts), tt.facts)
			}
			for name, b := range map[string]*Board{"live": b, "folded": fold(t, l.facts), "folded twice": fold(t, append(l.facts, l.facts...))} {
				var got, underWay, wantUnderWay []seen
				for _, ro := range b.List(minute(tt.now)) {
					got = append(got, see(ro))
				}
				for _, ro := range b.UnderWay(minute(tt.now)) {
					underWay = append([]seen{see(ro)}, underWay...)
				}
				for _, s := range tt.want {
					if s.end < 0 && s.start <= tt.now {
						wantUnderWay = append(wantUnderWay, s)
					}
				}
				if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(seen{})); diff != "" {
					t.Error(name, "List:", diff)
				}
				if diff := cmp.Diff(wantUnderWay, underWay, cmp.AllowUnexported(seen{})); diff != "" {
					t.Error(name, "UnderWay:", diff)
				}
			}
		})
	}
}

func TestBoardMergesWhatWasLeftEmpty(t *testing.T) {
	var l factLog
	b := NewBoard(l.Append, time.Hour)
	whole := andon.Rollout{
		ID: "a", Service: "checkout", Version: "v2", Previous: "v1", Scope: map[string]string{"region": "eu"},
		Strategy: andon.Canary, Candidate: andon.Selector{"version": "v2"}, Control: andon.Selector{"version": "=~v1.*"},
		Started: noon, Tool: "argo", Ref: "https://ci.example/1",
	}
	first := andon.Rollout{ID: "a", Service: "checkout", Scope: whole.Scope}
	if _, _, err := b.Announce(t.Context(), first, noon); err != nil {
		t.Fatal(err)
	}
	later := whole
	later.Service, later.Scope, later.Started = "", nil, minute(5)
	for range 2 {
		got, first, err := b.Announce(t.Context(), later, minute(5))
		if diff := cmp.Diff(whole, got); err != nil || first || diff != "" {
			t.Error(first, err, diff)
		}
		got.Scope["region"], got.Candidate["version"] = "spoilt", "spoilt" // the board's own is out of reach
	}
	if len(l.facts) != 2 {
		t.Errorf("%d facts, want 2", len(l.facts))
	}
}

func TestBoardPassesOnWhatKeepingSays(t *testing.T) {
	full := errors.New("disk is full")
	var l factLog
	b := NewBoard(l.Append, time.Hour)
	ro := andon.Rollout{ID: "a", Service: "checkout"}

	l.fail = full
	if _, _, err := b.Announce(t.Context(), ro, noon); !errors.Is(err, full) || len(b.List(noon)) != 0 {
		t.Errorf("got %v, want %v and nothing on the board", err, full)
	}
	if _, first, err := b.Announce(t.Context(), ro, minute(1)); err != nil || !first {
		t.Errorf("again: %v, %v", first, err)
	}
	l.fail = full
	update := andon.Rollout{ID: "a", Ended: minute(2)}
	if _, _, err := b.Announce(t.Context(), update, minute(2)); !errors.Is(err, full) || len(b.UnderWay(minute(2))) != 1 {
		t.Errorf("got %v, want %v and the rollout under way", err, full)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b.announcing <- struct{}{} // somebody announces
	if _, _, err := b.Announce(ctx, ro, noon); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want canceled", err)
	}
}

func TestBoardSettlesWhatWasInDoubt(t *testing.T) {
	for _, kept := range []bool{true, false} {
		t.Run(fmt.Sprint("kept ", kept), func(t *testing.T) {
			l := factLog{fail: fmt.Errorf("no answer: %w", ledger.ErrUnknown), lose: kept}
			b := NewBoard(l.Append, time.Hour)
			ro := andon.Rollout{Service: "checkout", Version: "v2"}
			if _, _, err := b.Announce(t.Context(), ro, noon); !errors.Is(err, ledger.ErrUnknown) {
				t.Fatalf("got %v, want ErrUnknown", err)
			}
			got, _, err := b.Announce(t.Context(), ro, minute(1))
			if err != nil || !got.Started.Equal(noon) || len(l.facts) != 1 {
				t.Errorf("got %+v, %v and %d facts; want the one announced at noon", got, err, len(l.facts))
			}
			if diff := cmp.Diff(b.List(minute(1)), fold(t, l.facts).List(minute(1))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBoardsOfTwoReplicasAgree(t *testing.T) {
	var l factLog
	a, b := NewBoard(l.Append, time.Hour), NewBoard(l.Append, time.Hour)
	if _, first, err := a.Announce(t.Context(), andon.Rollout{ID: "x", Service: "checkout", Version: "v2", Stages: stages(0)}, noon); err != nil || !first {
		t.Fatal(first, err)
	}
	if _, first, err := b.Announce(t.Context(), andon.Rollout{ID: "x", Service: "checkout", Tool: "argo", Stages: stages(2)}, minute(2)); err != nil || first {
		t.Fatal(first, err)
	}
	for _, f := range l.facts { // as each hears of the other's
		if err := errors.Join(a.Fold(f), b.Fold(f)); err != nil {
			t.Fatal(err)
		}
	}
	want := []andon.Rollout{{ID: "x", Service: "checkout", Version: "v2", Tool: "argo", Started: noon, Stages: stages(0, 2)}}
	for name, got := range map[string][]andon.Rollout{"a": a.List(minute(3)), "b": b.List(minute(3)), "a new one": fold(t, l.facts).List(minute(3))} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(name, diff)
		}
	}
}

func TestFoldSaysWhatItCannotRead(t *testing.T) {
	b := NewBoard(nil, time.Hour)
	for name, data := range map[string]string{"no JSON": "{", "another form": `{"id":1}`, "no id": `{"service":"s"}`, "no service": `{"id":"a"}`} {
		err := b.Fold(ledger.Fact{Key: "the key", Kind: KindAnnounced, Data: json.RawMessage(data)})
		if err == nil || !strings.Contains(err.Error(), "the key") {
			t.Errorf("%s: got %v, want an error that names the key", name, err)
		}
	}
	if err := b.Fold(ledger.Fact{Kind: "feedback.given", Data: json.RawMessage("{")}); err != nil {
		t.Error("a fact of another kind:", err)
	}
	if got := b.List(noon); len(got) != 0 {
		t.Errorf("the board holds %v", got)
	}
}
