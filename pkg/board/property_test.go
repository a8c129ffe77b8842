package board

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/ledger"
)

// randomWord returns an announcement as tools make them: some repeat
// themselves, some know little, some are wrong.
func randomWord(r *rand.Rand, now time.Time) andon.Rollout {
	past := func() time.Time { return now.Add(-time.Duration(r.Int64N(int64(40 * time.Minute)))) }
	one := func(of ...string) string { return of[r.IntN(len(of))] }
	ro := andon.Rollout{
		ID: one("", "a", "b", "c", "d", "e"), Service: one("checkout", "cart", ""), Version: one("", "v1", "v2"),
		Tool: one("", "argo", "flux"), Strategy: andon.Strategy(one("", "", "canary", "nonsense")),
	}
	if r.IntN(3) == 0 {
		ro.Scope = map[string]string{"region": one("eu", "us")}
	}
	if r.IntN(3) == 0 {
		ro.Candidate = andon.Selector{"version": one("v1", "v2")}
	}
	if r.IntN(2) == 0 {
		ro.Started = past()
	}
	for range r.IntN(4) {
		ro.Stages = append(ro.Stages, past())
	}
	if r.IntN(5) > 0 {
		slices.SortFunc(ro.Stages, time.Time.Compare)
	}
	if r.IntN(4) == 0 {
		ro.Ended = past()
	}
	return ro
}

func TestFoldOfFactsIsTheLiveBoard(t *testing.T) {
	const runs, words = 60, 60
	kept, refused, ended := 0, 0, 0
	for run := range runs {
		r := rand.New(rand.NewPCG(uint64(run), 7))
		var l factLog
		live := NewBoard(l.Append, time.Hour)
		now := noon
		before := map[string]andon.Rollout{}
		for range words {
			now = now.Add(time.Duration(r.Int64N(int64(10 * time.Minute))))
			if _, _, err := live.Announce(t.Context(), randomWord(r, now), now); err != nil {
				refused++
				continue
			}
			for id, e := range live.byID {
				grew(t, before[id], e.ro)
				before[id] = e.ro
			}
		}
		kept += len(l.facts)
		shuffled := slices.Clone(l.facts)
		r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		for name, facts := range map[string][]ledger.Fact{
			"in order": l.facts, "in order with duplicates": slices.Concat(l.facts, shuffled), "in any order": shuffled,
		} {
			b := fold(t, facts)
			for _, at := range []time.Time{noon, noon.Add(now.Sub(noon) / 2), now, now.Add(2 * time.Hour)} {
				if diff := cmp.Diff(live.List(at), b.List(at)); diff != "" {
					t.Fatalf("run %d, folded %s, at %s: %s", run, name, at, diff)
				}
				if diff := cmp.Diff(live.UnderWay(at), b.UnderWay(at)); diff != "" {
					t.Fatalf("run %d, folded %s, at %s: %s", run, name, at, diff)
				}
				alone(t, live.UnderWay(at))
			}
		}
		for _, ro := range live.List(now.Add(2 * time.Hour)) {
			if ro.Ended.IsZero() {
				t.Fatalf("%+v is still under way when all is baked", ro)
			}
			ended++
		}
	}
	if kept < runs || refused < runs || ended < runs {
		t.Errorf("%d facts kept, %d words refused, %d rollouts: the test shows little", kept, refused, ended)
	}
}

// grew sees that a rollout lost nothing.
func grew(t *testing.T, before, after andon.Rollout) {
	t.Helper()
	for _, s := range before.Stages {
		if !slices.Contains(after.Stages, s) {
			t.Fatalf("%s lost stage %s", before.ID, s)
		}
	}
	if !before.Ended.IsZero() && (after.Ended.IsZero() || after.Ended.After(before.Ended)) {
		t.Fatalf("%s had ended at %s and now %s", before.ID, before.Ended, after.Ended)
	}
	if before.ID != "" && !before.Started.Equal(after.Started) {
		t.Fatalf("%s had started at %s and now %s", before.ID, before.Started, after.Started)
	}
}

// alone sees that each service and scope has one rollout under way.
func alone(t *testing.T, under []andon.Rollout) {
	t.Helper()
	seen := map[string]bool{}
	for i, ro := range under {
		if seen[group(ro)] || i > 0 && ro.Started.Before(under[i-1].Started) {
			t.Fatalf("%+v is one of two, or not in order", ro)
		}
		seen[group(ro)] = true
	}
}

func TestBoardOnALedgerUnderLoad(t *testing.T) {
	dir := t.TempDir()
	l, err := ledger.Open(t.Context(), ledger.Config{Dir: dir}, nil)
	if err != nil {
		t.Fatal(err)
	}
	b := NewBoard(l.Append, time.Hour)
	var tools sync.WaitGroup
	for tool := range 4 {
		tools.Go(func() {
			for i := range 20 {
				now := minute(i)
				ro := andon.Rollout{ID: fmt.Sprint("ro", i%7), Service: "checkout", Stages: []time.Time{now.Add(time.Duration(tool) * time.Second)}}
				if _, _, err := b.Announce(t.Context(), ro, now); err != nil {
					t.Error(err)
				}
				b.UnderWay(now)
				b.Get(ro.ID, now)
			}
		})
	}
	tools.Wait()
	want := b.List(minute(30))
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}

	if l, err = ledger.Open(t.Context(), ledger.Config{Dir: dir}, nil); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	again := NewBoard(l.Append, time.Hour)
	for f, err := range l.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if err := again.Fold(f); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, again.List(minute(30))); len(want) != 7 || diff != "" {
		t.Errorf("%d rollouts, want 7: %s", len(want), diff)
	}
}
