package judge_test

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/judge"
	"github.com/andon-project/andon/pkg/logs/cluster"
)

const panicText = `panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x%x pc=0x4a2f31]

goroutine %d [running]:
shop/cart.(*Cart).Total(0x0)
	/src/cart/cart.go:%d +0x1f
main.main()
	/src/main.go:12 +0x2a
exit status 2`

// crash writes a stack trace line by line.
func (s *scribe) crash(node, version string, at time.Time) {
	for i, l := range strings.Split(fmt.Sprintf(panicText, s.rng.IntN(1<<20), 1+s.rng.IntN(50), 40), "\n") {
		s.say(node, version, l, at.Add(time.Duration(i)*time.Millisecond))
	}
}

var lost = "error: payment %d was lost"

var logScenes = []struct {
	name    string
	signals []andon.Signal
	sens    andon.Sensitivity
	write   func(s *scribe)
	recall  map[string]andon.Remembered // by template
	rollout func(r *andon.Rollout)
	lasts   time.Duration // half an hour if zero

	want    andon.Decision
	within  time.Duration
	says    string
	classes map[andon.Class]int
}{
	{name: "as before", write: func(*scribe) {}, want: andon.Pass, classes: map[andon.Class]int{andon.ClassKnown: 1}},
	{name: "one new line", write: func(s *scribe) { s.say("new-0", "v2", "error: payment 7 was lost", noon.Add(9*time.Minute)) },
		want: andon.Pass, classes: map[andon.Class]int{andon.ClassKnown: 1, andon.ClassUnknown: 1}},
	{name: "one new line, high", sens: andon.High, write: func(s *scribe) { s.say("new-0", "v2", "error: payment 7 was lost", noon.Add(9*time.Minute)) },
		want: andon.Fail, within: 10 * time.Minute, says: "error logs: “error: payment <*> was lost” is new: 1 line from the new nodes, none from the old"},
	{name: "one new line on control, high", sens: andon.High, write: func(s *scribe) { s.say("old-0", "v1", "error: payment 7 was lost", noon.Add(9*time.Minute)) },
		want: andon.Pass},
	{name: "a new error for long", lasts: time.Hour, write: func(s *scribe) { s.poisson("new-0", "v2", lost, noon.Add(5*time.Minute), noon.Add(2*time.Hour), 1) },
		want: andon.Fail, within: 40 * time.Minute, says: "“error: payment <*> was lost” is new"},
	{name: "a new error for long, low", sens: andon.Low, lasts: time.Hour, write: func(s *scribe) { s.poisson("new-0", "v2", lost, noon.Add(5*time.Minute), noon.Add(2*time.Hour), 1) },
		want: andon.Fail, within: 55 * time.Minute},
	{name: "a new error everywhere", lasts: time.Hour, write: func(s *scribe) {
		for _, n := range []string{"old-0", "old-1", "old-2", "old-3"} {
			s.poisson(n, "v1", lost, noon.Add(5*time.Minute), noon.Add(2*time.Hour), 1)
		}
		s.poisson("new-0", "v2", lost, noon.Add(5*time.Minute), noon.Add(2*time.Hour), 1)
	}, want: andon.Pass, classes: map[andon.Class]int{andon.ClassKnown: 2}},
	{name: "a known error much more often", write: func(s *scribe) {
		s.poisson("new-0", "v2", "error: cart %d not found", noon.Add(5*time.Minute), noon.Add(2*time.Hour), 60)
	}, want: andon.Pass, says: "1 more frequent", classes: map[andon.Class]int{andon.ClassUnexpectedFrequency: 1}},
	{name: "a known error much more often, high", sens: andon.High, write: func(s *scribe) {
		s.poisson("new-0", "v2", "error: cart %d not found", noon.Add(5*time.Minute), noon.Add(2*time.Hour), 60)
	}, want: andon.Fail, says: "comes more often"},
	{name: "new as it starts, and never after", sens: andon.High, write: func(s *scribe) {
		s.say("new-0", "v2", "error: no cache yet", noon.Add(61*time.Second))
		s.say("new-0", "v2", "error: 3 tries to connect", noon.Add(90*time.Second))
	}, want: andon.Pass, classes: map[andon.Class]int{andon.ClassKnown: 3}},
	{name: "new as it starts, beside a control node that starts", sens: andon.High, write: func(s *scribe) {
		s.poisson("old-4", "v1", "served request %d in time", noon.Add(-20*time.Minute), noon.Add(time.Hour), 5)
		s.say("old-4", "v1", "error: no cache yet", noon.Add(-20*time.Minute))
		s.say("new-0", "v2", "error: no cache yet", noon.Add(61*time.Second))
		s.say("new-0", "v2", "error: 3 tries to connect", noon.Add(90*time.Second))
	}, want: andon.Fail, says: "tries to connect"},
	{name: "in the catalogue", sens: andon.High, recall: map[string]andon.Remembered{"error: payment <*> was lost": {Seen: noon.Add(-9 * 24 * time.Hour)}},
		write: func(s *scribe) { s.say("new-0", "v2", "error: payment 7 was lost", noon.Add(9*time.Minute)) },
		want:  andon.Pass, classes: map[andon.Class]int{andon.ClassKnown: 2}},
	{name: "high risk, on both sides", recall: map[string]andon.Remembered{"error: cart <*> not found": {Risk: andon.HighRisk}},
		write: func(*scribe) {}, want: andon.Fail, says: "marked as high risk"},
	{name: "high risk, low", sens: andon.Low, recall: map[string]andon.Remembered{"error: payment <*> was lost": {Risk: andon.HighRisk}},
		write: func(s *scribe) { s.say("new-0", "v2", "error: payment 7 was lost", noon.Add(9*time.Minute)) },
		want:  andon.Fail, within: 10 * time.Minute, says: "marked as high risk"},
	{name: "high risk, on control alone", recall: map[string]andon.Remembered{"error: payment <*> was lost": {Risk: andon.HighRisk}},
		write: func(s *scribe) { s.say("old-0", "v1", "error: payment 7 was lost", noon.Add(9*time.Minute)) },
		want:  andon.Pass},
	{name: "medium risk, high", sens: andon.High, recall: map[string]andon.Remembered{"error: cart <*> not found": {Risk: andon.MediumRisk}},
		write: func(*scribe) {}, want: andon.Fail, says: "marked as medium risk"},
	{name: "medium risk, medium", lasts: time.Hour, recall: map[string]andon.Remembered{"error: payment <*> was lost": {Risk: andon.MediumRisk}},
		write: func(s *scribe) { s.poisson("new-0", "v2", lost, noon.Add(5*time.Minute), noon.Add(2*time.Hour), 1) },
		want:  andon.Pass, says: "1 new", classes: map[andon.Class]int{andon.ClassUnknown: 1, andon.ClassKnown: 1}},
	{name: "no risk, high", sens: andon.High, lasts: time.Hour, recall: map[string]andon.Remembered{"error: payment <*> was lost": {Risk: andon.NoRisk}},
		write: func(s *scribe) { s.poisson("new-0", "v2", lost, noon.Add(5*time.Minute), noon.Add(2*time.Hour), 1) },
		want:  andon.Pass},
	{name: "crashes", signals: []andon.Signal{panics}, lasts: time.Hour, write: func(s *scribe) {
		for i := range 10 {
			s.crash("new-0", "v2", noon.Add(time.Duration(4+i*5)*time.Minute))
		}
	}, want: andon.Fail, within: 45 * time.Minute, says: "1 new crash signature; nil dereference in (*Cart).Total is new: 10 crashes from the new nodes, none from the old", classes: map[andon.Class]int{andon.ClassUnknown: 1}},
	{name: "as many crashes as ever", signals: []andon.Signal{panics}, lasts: time.Hour, write: func(s *scribe) {
		for i := range 24 {
			for _, n := range []string{"old-0", "old-1", "old-2", "old-3"} {
				s.crash(n, "v1", noon.Add(time.Duration(-60+i*5)*time.Minute))
			}
			if i >= 13 {
				s.crash("new-0", "v2", noon.Add(time.Duration(-60+i*5)*time.Minute))
			}
		}
	}, want: andon.Pass, classes: map[andon.Class]int{andon.ClassKnown: 1}},
	{name: "one crash, high", sens: andon.High, signals: []andon.Signal{panics}, write: func(s *scribe) { s.crash("new-0", "v2", noon.Add(90*time.Second)) },
		want: andon.Fail, within: 3 * time.Minute, says: "is new"},
	{name: "no crash at all", signals: []andon.Signal{panics}, write: func(*scribe) {}, want: andon.Pass, says: "no crash signatures"},
	{name: "nobody logs", signals: []andon.Signal{{Name: "others", Logs: `{service_name="other"}`}}, write: func(*scribe) {}, want: andon.Inconclusive, says: "check the query"},
	{name: "the candidate says nothing", signals: []andon.Signal{errorLogs}, write: func(*scribe) {},
		rollout: func(r *andon.Rollout) { r.Candidate = andon.Selector{"version": "v3"} }, want: andon.Inconclusive, says: "no lines from the new nodes"},
	{name: "thresholds only", signals: []andon.Signal{errorLogs}, sens: andon.High,
		rollout: func(r *andon.Rollout) { r.Strategy = andon.Threshold },
		write:   func(s *scribe) { s.say("new-0", "v2", "error: payment 7 was lost", noon.Add(9*time.Minute)) }, want: andon.Pass},
}

func TestLogsAreJudged(t *testing.T) {
	for i, c := range logScenes {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newScribe(uint64(i))
			s.fleet()
			c.write(s)
			a := s.analyzer()
			known := &andon.Recollection{Groups: map[string]andon.Remembered{}}
			for text, r := range c.recall {
				r.Template = text
				known.Groups[cluster.IDOf(text).String()] = r
			}
			a.Logs.Recall = func(service, release string, _ time.Time) *andon.Recollection { return known }
			signals := c.signals
			if signals == nil {
				signals = []andon.Signal{errorLogs}
			}
			svc := shop(signals...)
			svc.Sensitivity = c.sens
			r := newWorld(time.Minute, noon, noon).canary()
			if c.rollout != nil {
				c.rollout(&r)
			}
			if c.lasts == 0 {
				c.lasts = 30 * time.Minute
			}
			v, err := a.Judge(context.Background(), r, svc, noon.Add(c.lasts))
			if err != nil {
				t.Fatal(err)
			}
			if v.Verdict != c.want || !strings.Contains(v.Reason, c.says) {
				t.Errorf("%s at %v: %s (evidence %v); want %s, saying %q", v.Verdict, v.FirstFail, v.Reason, v.Evidence, c.want, c.says)
			}
			if c.within > 0 && (v.FirstFail == nil || v.FirstFail.Sub(noon) > c.within) {
				t.Errorf("first fail at %v, want within %s", v.FirstFail, c.within)
			}
			if c.classes != nil && fmt.Sprint(v.Findings[0].Classes) != fmt.Sprint(c.classes) {
				t.Errorf("classes %v, want %v: %s", v.Findings[0].Classes, c.classes, v.Findings[0].Reason)
			}
		})
	}
}

// A judge that starts late comes to the same evidence and first fail as one
// that ticked all along, and a tick asks only for what is new.
func TestLogsLateAndCheap(t *testing.T) {
	s := newScribe(9)
	s.fleet()
	s.poisson("new-0", "v2", lost, noon.Add(5*time.Minute), noon.Add(2*time.Hour), 1)
	s.crash("new-0", "v2", noon.Add(20*time.Minute-9*time.Second))
	a := s.analyzer()
	asked := 0
	a.Logs.Lines = func(ctx context.Context, expr string, r andon.Range) iter.Seq2[andon.Line, error] {
		return func(yield func(andon.Line, error) bool) {
			for l, err := range s.Range(ctx, expr, r) {
				asked++
				if !yield(l, err) {
					return
				}
			}
		}
	}
	under := []judge.Underway{{Rollout: newWorld(time.Minute, noon, noon).canary(), Service: shop(errorLogs, panics)}}
	watch := a.NewWatch(1)
	var live andon.Verdict
	most := 0
	for now := noon; !now.After(noon.Add(90 * time.Minute)); now = now.Add(30 * time.Second) {
		before := asked
		live = watch.Tick(context.Background(), under, now)[0]
		if now.After(noon) {
			most = max(most, asked-before)
		}
	}
	if most > 60 { // five nodes with some 1.5 lines a minute that hold error, and those of a stack
		t.Errorf("a tick read %d lines", most)
	}
	late := a.NewWatch(1).Tick(context.Background(), under, noon.Add(90*time.Minute))[0]
	if live.Evidence != late.Evidence || live.FirstFail == nil || late.FirstFail == nil || !live.FirstFail.Equal(*late.FirstFail) {
		t.Errorf("live %v at %v, late %v at %v", live.Evidence, live.FirstFail, late.Evidence, late.FirstFail)
	}
	for i := range live.Findings {
		if a, b := live.Findings[i].Reason, late.Findings[i].Reason; a != b {
			t.Errorf("live says %s\nlate says %s", a, b)
		}
	}
}
