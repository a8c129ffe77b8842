package plugin

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/demo/inprocess"
	"github.com/andon-project/andon/pkg/lab/recording"
)

// cartLog is what the shop's cart logs from two hours before noon to an hour
// after it: four pods of v1 and, from noon, one of v2, which has an error of
// its own, more of another one, and crashes.
func cartLog() []andon.Line {
	var all []andon.Line
	say := func(pod, version string, at time.Time, level, text string) {
		all = append(all, andon.Line{At: at, Text: text, Labels: map[string]string{"app": "cart", "pod": pod, "version": version, "level": level}})
	}
	for minute := -120; minute < 60; minute++ {
		at := noon.Add(time.Duration(minute) * time.Minute)
		for i, pod := range []string{"cart-a", "cart-b", "cart-c", "cart-d", "cart-n"} {
			version := "v1"
			if pod == "cart-n" {
				if minute < 0 {
					continue
				}
				version = "v2"
			}
			for n := range 4 {
				say(pod, version, at.Add(time.Duration(n*13+i)*time.Second), "info", fmt.Sprintf("served order %d in %d ms", 1000*i+97*minute+n+20000, 20+n))
			}
			if (minute+7*i)%10 == 0 {
				say(pod, version, at.Add(30*time.Second), "error", fmt.Sprintf("error: cart %d not found", 31*minute+i+5000))
			}
			if version == "v2" && minute%2 == 0 {
				say(pod, version, at.Add(40*time.Second), "error", fmt.Sprintf("error: payment %d was lost: card declined", 17*minute))
			}
			if version == "v2" && minute%10 == 5 {
				for n, text := range strings.Split(panicked, "\n") {
					say(pod, version, at.Add(50*time.Second+time.Duration(n)*time.Millisecond), "error", text)
				}
			}
		}
	}
	slices.SortStableFunc(all, func(a, b andon.Line) int { return a.At.Compare(b.At) })
	return all
}

const panicked = `panic: runtime error: index out of range [3] with length 3

goroutine 17 [running]:
main.(*cart).total(0xc0000b4000, 0x3)
	/src/cart/cart.go:42 +0x1d
main.serve(0xc0000b8000)
	/src/cart/serve.go:17 +0x2a
created by main.main
	/src/cart/main.go:9 +0x5e`

// lokiServer serves lines by the HTTP API of Loki.
func lokiServer(t *testing.T, lines []andon.Line) string {
	t.Helper()
	store := recording.NewLines(0)
	store.Add(lines...)
	s := httptest.NewServer(inprocess.Loki{Lines: store}.Handler())
	t.Cleanup(s.Close)
	return s.URL
}

// cartLogs compares what the new version logs with what the old one does.
const cartLogs = `"queryType":"clusters","expr":"{app=\"cart\"}","nodeLabel":"pod","candidate":{"version":"v2"},"control":{"version":"v1"},"since":"2026-03-01T12:00:00Z"`
