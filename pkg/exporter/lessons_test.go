package exporter

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/ledger"
)

// TestLearns: a rollout that ended and passed teaches the next one, once, also
// after a restart; one that failed teaches nothing.
func TestLearns(t *testing.T) {
	shop, c, dir := sharedShop(t), &clock{now: noon.Add(25 * time.Minute)}, t.TempDir()
	text := configText(shop.server.URL, "", "halt: {mode: observe}", "good", "bad-1")
	e := open(t, text, dir, c)
	for _, s := range []string{"good", "bad-1"} {
		want(t, 201, e.Handler(), "POST", "/api/v1/rollouts", announcement(s, s, noon))
	}
	e.Tick(t.Context(), c.Now())
	for _, s := range []string{"good", "bad-1"} {
		want(t, 200, e.Handler(), "POST", "/api/v1/rollouts", fmt.Sprintf(`{"id":%q,"service":%q,"ended":"2026-03-01T12:25:00Z"}`, s, s))
	}
	c.set(noon.Add(26 * time.Minute))
	e.Tick(t.Context(), c.Now())
	e.Tick(t.Context(), c.Now())
	if n := kinds(t, e)[factLearnt]; n != 1 {
		t.Errorf("%d lessons kept, want that of the good one", n)
	}
	closeNow(t, e)
	e = open(t, text, dir, c)
	defer closeNow(t, e)
	took, lessons := e.lessons.before("good", noon.Add(time.Hour))
	if len(took) != 1 || took[0] != 0 || len(lessons) != 1 {
		t.Errorf("after a restart: took %v, %d lessons, want the one, of a node that served at once", took, len(lessons))
	}
	for name, at := range map[string]time.Time{"before it was learnt": noon, "a month later": noon.Add(31 * 24 * time.Hour)} {
		if took, lessons := e.lessons.before("good", at); len(took)+len(lessons) != 0 {
			t.Errorf("a rollout that started %s knows it", name)
		}
	}
	if took, _ := e.lessons.before("bad-1", noon.Add(time.Hour)); len(took) != 0 {
		t.Error("one that failed was learnt from")
	}
}

// TestLessonsBound: the newest fifty of a service are kept, as they were told.
func TestLessonsBound(t *testing.T) {
	l := newLessons(nil, nil)
	for i := range maxLessons + 10 {
		d := lesson{Rollout: fmt.Sprint(i), Service: "shop", At: noon.Add(time.Duration(i) * time.Hour), Lesson: andon.Lesson{
			Levels:   map[string][]float64{"cpu": {float64(i)}},
			StartUps: map[string]andon.StartUp{"ready": {Level: andon.Unknown, Events: 1, Exposure: 2}}}}
		data, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Fold(ledger.Fact{Key: "k", Kind: factLearnt, Data: data}); err != nil {
			t.Fatal(err)
		}
	}
	_, all := l.before("shop", noon.Add(100*time.Hour))
	if len(all) != maxLessons || all[0].Levels["cpu"][0] != 10 || !math.IsNaN(float64(all[0].StartUps["ready"].Level)) {
		t.Errorf("%d lessons, the first %+v; want the newest %d", len(all), all[0], maxLessons)
	}
	retryLater, _ := json.Marshal(lesson{Rollout: "30", Service: "shop", At: noon})
	if err := l.Fold(ledger.Fact{Key: "k", Kind: factLearnt, Data: retryLater}); err != nil || len(l.all["shop"]) != maxLessons || l.all["shop"][maxLessons-1].Rollout == "30" {
		t.Errorf("a fact that is folded twice counts twice (%v)", err)
	}
	if err := l.Fold(ledger.Fact{Key: "k", Kind: factLearnt, Data: []byte("{")}); err == nil {
		t.Error("a fact that is cut short is folded")
	}
}
