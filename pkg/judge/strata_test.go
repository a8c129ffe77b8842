package judge_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// trace is a crash in a function.
const trace = `panic: runtime error: index out of range [%d] with length 3

goroutine %d [running]:
%s(0x0)
	/src/x.go:%d +0x1f
exit status 2`

// shared writes lines of one of several services on the same hosts.
type shared struct{ *scribe }

func (s shared) say(host, release string, labels map[string]string, text string, at time.Time) {
	all := map[string]string{"pod": host, "version": release, "cluster": "a"}
	for k, v := range labels {
		all[k] = v
	}
	s.Add(andon.Line{At: at, Labels: all, Text: text})
}

func (s shared) crash(host, release string, labels map[string]string, function string, at time.Time) {
	for i, l := range strings.Split(fmt.Sprintf(trace, 3+s.rng.IntN(9), 1+s.rng.IntN(50), function, 40), "\n") {
		s.say(host, release, labels, l, at.Add(time.Duration(i)*time.Millisecond))
	}
}

// A signal over several services, or layers, has a baseline for each of them: a
// noisy one, which always crashes in new places, does not hide a new crash of a
// quiet one on the same hosts.
func TestNoisyServiceDoesNotHideAQuietOne(t *testing.T) {
	for _, c := range []struct {
		name         string
		noisy, quiet map[string]string
		query        string
		noise        bool
		breaks       bool
		want         andon.Decision
	}{
		{"the quiet one alone", nil, map[string]string{"service_name": "billing"}, `{cluster="a"}`, false, true, andon.Fail},
		{"two services", map[string]string{"service_name": "search"}, map[string]string{"service_name": "billing"}, `{cluster="a"}`, true, true, andon.Fail},
		{"two services by another label", map[string]string{"app": "search"}, map[string]string{"app": "billing"}, `{cluster="a"}`, true, true, andon.Fail},
		{"two layers of one service", map[string]string{"service_name": "shop", "layer": "software"}, map[string]string{"service_name": "shop", "layer": "platform"}, `{cluster="a"}`, true, true, andon.Fail},
		{"two services, first lines alone", map[string]string{"service_name": "search"}, map[string]string{"service_name": "billing"}, `{cluster="a"} |= "panic:"`, true, true, andon.Fail},
		{"two services, the noise alone", map[string]string{"service_name": "search"}, map[string]string{"service_name": "billing"}, `{cluster="a"}`, true, false, andon.Pass},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := shared{newScribe(21)}
			n := 0
			for _, h := range []struct {
				name, release string
				from          time.Time
			}{{"old-0", "v1", noon.Add(-2 * time.Hour)}, {"old-1", "v1", noon.Add(-2 * time.Hour)}, {"old-2", "v1", noon.Add(-2 * time.Hour)}, {"old-3", "v1", noon.Add(-2 * time.Hour)}, {"new-0", "v2", noon.Add(time.Minute)}} {
				for at := h.from; at.Before(noon.Add(2 * time.Hour)); at = at.Add(time.Minute) {
					s.say(h.name, h.release, c.quiet, "served", at)
					if c.noise {
						s.say(h.name, h.release, c.noisy, "served", at)
						if s.rng.IntN(6) == 0 {
							n++
							s.crash(h.name, h.release, c.noisy, fmt.Sprintf("search.f%s", strings.Repeat("x", n)), at.Add(time.Duration(s.rng.IntN(50))*time.Second))
						}
					}
				}
			}
			for i := range 6 {
				if c.breaks {
					s.crash("new-0", "v2", c.quiet, "billing.total", noon.Add(time.Duration(8+6*i)*time.Minute))
				}
			}
			sig := andon.Signal{Name: "crashes", Crashes: c.query}
			v, err := s.analyzer().Judge(context.Background(), newWorld(time.Minute, noon, noon).canary(), shop(sig), noon.Add(40*time.Minute))
			if err != nil || v.Verdict != c.want {
				t.Errorf("%s (%v), evidence %v: %s; want %s", v.Verdict, err, v.Evidence, v.Reason, c.want)
			}
		})
	}
}

// Nodes that say something new at the very same time, again and again, are
// alike, whichever of them candidate is.
func TestAtTheSameTime(t *testing.T) {
	for _, hosts := range [][]string{{"a", "b", "c", "d", "e"}, {"e", "a", "b", "c", "d"}, {"c", "d", "e", "a", "b"}} {
		s := shared{newScribe(22)}
		n := 0
		for at := noon.Add(-2 * time.Hour); at.Before(noon.Add(2 * time.Hour)); at = at.Add(time.Minute) {
			for i, host := range hosts {
				release := "v1"
				if i == 0 {
					release = "v2"
				}
				if i > 0 || at.After(noon) {
					s.say(host, release, nil, "served", at)
					if at.Minute()%6 == 3 {
						n++
						s.crash(host, release, nil, "shop.f"+strings.Repeat("x", n), at.Add(20*time.Second))
					}
				}
			}
		}
		sig := andon.Signal{Name: "crashes", Crashes: `{cluster="a"}`}
		v, err := s.analyzer().Judge(context.Background(), newWorld(time.Minute, noon, noon).canary(), shop(sig), noon.Add(110*time.Minute))
		if err != nil || v.Evidence > 20 {
			t.Errorf("candidate %s: %s (%v), evidence %v: %s", hosts[0], v.Verdict, err, v.Evidence, v.Reason)
		}
	}
}
