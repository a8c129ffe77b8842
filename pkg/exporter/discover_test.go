package exporter

import (
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/board"
)

// TestDiscovery: a version that appears is announced once, whatever restarts
// lie between, is judged, and is not announced beside a delivery tool's word.
func TestDiscovery(t *testing.T) {
	shop := sharedShop(t)
	text := configText(shop.server.URL, "", "# versions", "good", "bad")
	c, dir := &clock{now: noon.Add(-time.Minute)}, t.TempDir()
	e := open(t, text, dir, c)
	e.Tick(t.Context(), c.Now())
	if all := e.rollouts.board().List(c.Now()); len(all) != 0 {
		t.Errorf("before there is a new version: %+v", all)
	}
	c.set(noon.Add(90 * time.Second))
	want(t, 201, e.Handler(), "POST", "/api/v1/rollouts", `{"id":"told","service":"good","version":"v2","started":"2026-03-01T11:50:00Z"}`)
	for i := range 4 {
		e.Tick(t.Context(), c.Now())
		c.set(c.Now().Add(5 * time.Minute))
		if i == 1 {
			closeNow(t, e)
			e = open(t, text, dir, c)
		}
	}
	defer closeNow(t, e)
	all := e.rollouts.board().List(c.Now())
	if len(all) != 2 {
		t.Fatalf("known are %+v, want one that was told and one that was seen", all)
	}
	ro := all[0]
	if ro.ID != "bad-v2-20260301T120000Z" || ro.Version != "v2" || ro.Previous != "v1" || ro.Strategy != andon.Rolling || !ro.Started.Equal(noon) || ro.Tool != board.ByVersion {
		t.Errorf("seen is %+v", ro)
	}
	if v, ok := verdictOf(e, ro.ID); !ok || v.Verdict != andon.Fail {
		t.Errorf("the verdict on it is %+v, want fail", v)
	}
	if v, ok := verdictOf(e, "told"); !ok || v.Quality != andon.OK {
		t.Errorf("the verdict on what was told is %+v, want one with data", v)
	}
}

// TestToolSpeaksAfterDiscovery: what a delivery tool announces takes the place
// of what was seen of the same change, whatever its scope and start.
func TestToolSpeaksAfterDiscovery(t *testing.T) {
	tests := []struct{ name, body string }{
		{"begun before the first sample", `{"id":"told","service":"bad","version":"v2","started":"2026-03-01T11:58:00Z"}`},
		{"begun after it", `{"id":"told","service":"bad","version":"v2","started":"2026-03-01T12:01:00Z"}`},
		{"of a scope", `{"id":"told","service":"bad","version":"v2","started":"2026-03-01T11:58:00Z","scope":{"environment":"prod"}}`},
		{"without a start", `{"id":"told","service":"bad","version":"v2"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := &clock{now: noon.Add(2 * time.Minute)}
			e := open(t, configText(sharedShop(t).server.URL, "", "# versions", "bad"), t.TempDir(), c)
			defer closeNow(t, e)
			underWay := func() (ids []string) {
				for _, ro := range e.rollouts.board().UnderWay(c.Now()) {
					ids = append(ids, ro.ID)
				}
				return ids
			}
			e.Tick(t.Context(), c.Now())
			if ids := underWay(); len(ids) != 1 || ids[0] != "bad-v2-20260301T120000Z" {
				t.Fatalf("under way are %v, want what was seen", ids)
			}
			want(t, 201, e.Handler(), "POST", "/api/v1/rollouts", tt.body)
			want(t, 200, e.Handler(), "POST", "/api/v1/rollouts", tt.body)
			for range 3 {
				c.set(c.Now().Add(2 * time.Minute))
				e.Tick(t.Context(), c.Now())
				if ids := underWay(); len(ids) != 1 || ids[0] != "told" {
					t.Fatalf("under way are %v, want what was told alone", ids)
				}
			}
		})
	}
}
