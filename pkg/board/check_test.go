package board

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

func TestAnnounceSaysWhatCannotBe(t *testing.T) {
	long := strings.Repeat("é", 201)
	tests := []struct {
		name   string
		change func(*andon.Rollout)
		want   []string // of the error, in order; none if it is fine
	}{
		{"nothing wrong", func(*andon.Rollout) {}, nil},
		{"200 characters", func(r *andon.Rollout) { r.ID = strings.Repeat("e", 200) }, nil},
		{"every strategy", func(r *andon.Rollout) { r.Strategy = andon.BlueGreen }, nil},
		{"all kinds of matchers", func(r *andon.Rollout) {
			r.Candidate = andon.Selector{"version": "v2", "service.name": "=~a|b", "zone": "!="}
			r.Control = andon.Selector{"version": "!~v2.*"}
		}, nil},
		{"a start a little ahead", func(r *andon.Rollout) { r.Started = minute(15) }, nil},
		{"stages at the same time", func(r *andon.Rollout) { r.Stages = stages(1, 1) }, nil},

		{"no service", func(r *andon.Rollout) { r.Service = "" }, []string{"service: is missing; write the name of the service"}},
		{"a long id", func(r *andon.Rollout) { r.ID = strings.Repeat("e", 201) }, []string{"id: has 201 characters; the maximum is 200"}},
		{"an id with spaces and slashes", func(r *andon.Rollout) { r.ID = "shop/checkout → v2" }, nil},
		{"an id that cannot be printed", func(r *andon.Rollout) { r.ID = "a\nb" }, []string{`id: "a\nb" contains unprintable characters`}},
		{"an id that is not UTF-8", func(r *andon.Rollout) { r.ID = "a\xff" }, []string{"id: is not valid UTF-8"}},
		{"an id that is a folder", func(r *andon.Rollout) { r.ID = ".." }, []string{`id: ".." cannot be part of a URL`}},
		{"a long version", func(r *andon.Rollout) { r.Version = long }, []string{"version: has 201 characters; the maximum is 200"}},
		{"a version that is a matcher", func(r *andon.Rollout) { r.Version = "=~v2" }, []string{`version: "=~v2" begins with =~, which is a matcher`}},
		{"a version in place of itself", func(r *andon.Rollout) { r.Previous = "v2" }, []string{`previous: "v2" is both version and previous`}},
		{"a script as a link", func(r *andon.Rollout) { r.Ref = "javascript:alert(1)" }, []string{`ref: "javascript:alert(1)" is not a link`}},
		{"a space at the end", func(r *andon.Rollout) { r.Version = "v2 " }, []string{`version: "v2 " begins or ends`}},
		{"an unknown strategy", func(r *andon.Rollout) { r.Strategy = "canarry" },
			[]string{`strategy: "canarry" is not a strategy; did you mean canary?`}},
		{"a scope without a name", func(r *andon.Rollout) { r.Scope = map[string]string{"": "eu"} }, []string{"scope: has a label without a name"}},
		{"a scope that cannot be printed", func(r *andon.Rollout) { r.Scope = map[string]string{"region": "\x00"} }, []string{"scope.region:"}},
		{"a matcher without a label", func(r *andon.Rollout) { r.Candidate = andon.Selector{"": "v2"} }, []string{`candidate: "" is not a label name`}},
		{"a bad regular expression", func(r *andon.Rollout) { r.Control = andon.Selector{"version": "=~v1)|("} },
			[]string{`control.version: "v1)|(" is not a regular expression`}},
		{"a bad regular expression against", func(r *andon.Rollout) { r.Candidate = andon.Selector{"version": "!~["} }, []string{"candidate.version:"}},
		{"a matcher that is not UTF-8", func(r *andon.Rollout) { r.Candidate = andon.Selector{"version": "\xff"} }, []string{"candidate.version: is longer than 2000 characters or not valid"}},
		{"the same nodes twice", func(r *andon.Rollout) {
			r.Candidate, r.Control = andon.Selector{"a": "b"}, andon.Selector{"a": "b"}
		}, []string{"control: selects the same nodes as candidate"}},
		{"a start in another time zone", func(r *andon.Rollout) { r.Started = minute(60) },
			[]string{"started: 2026-03-01T13:00:00Z is more than 15 minutes in the future (now is 2026-03-01T12:00:00Z); check the time zone"}},
		{"a start before there were computers", func(r *andon.Rollout) { r.Started = noon.AddDate(-100, 0, 0) }, []string{"started: 1926"}},
		{"stages out of order", func(r *andon.Rollout) { r.Stages = stages(1, 3, 2) },
			[]string{"stages[2]: 2026-03-01T12:02:00Z is earlier than the stage listed before it (2026-03-01T12:03:00Z); list stages oldest first"}},
		{"a stage before the start", func(r *andon.Rollout) { r.Stages = stages(-1, 3) }, []string{"stages[0]: 2026-03-01T11:59:00Z is before the rollout started"}},
		{"a stage far ahead", func(r *andon.Rollout) { r.Stages = stages(0, 300) }, []string{"stages[1]:"}},
		{"an end before the start", func(r *andon.Rollout) { r.Ended = minute(-1) }, []string{"ended: 2026-03-01T11:59:00Z is before"}},
		{"far too many stages", func(r *andon.Rollout) { r.Stages = slices.Repeat(stages(1), 1001) }, nil},
		{"far too many different stages", func(r *andon.Rollout) {
			for i := range 1001 {
				r.Stages = append(r.Stages, noon.Add(time.Duration(i)*time.Millisecond))
			}
		}, []string{"stages: has 1001 entries; the maximum is 1000"}},
		{"a load test with its baseline", func(r *andon.Rollout) {
			r.Strategy, r.Baseline = andon.LoadTest, &andon.Baseline{Started: minute(-60), Ended: minute(-30)}
		}, nil},
		{"a load test that is accepted", func(r *andon.Rollout) {
			r.Strategy, r.Baseline = andon.LoadTest, &andon.Baseline{Accept: true}
		}, nil},
		{"a baseline of a canary", func(r *andon.Rollout) {
			r.Strategy, r.Baseline = andon.Canary, &andon.Baseline{Accept: true}
		}, []string{"baseline: is for load tests only"}},
		{"a baseline without its end", func(r *andon.Rollout) {
			r.Strategy, r.Baseline = andon.LoadTest, &andon.Baseline{Started: minute(-60)}
		}, []string{"baseline: needs started and ended"}},
		{"a baseline that is accepted", func(r *andon.Rollout) {
			r.Strategy, r.Baseline = andon.LoadTest, &andon.Baseline{Started: minute(-60), Ended: minute(-30), Accept: true}
		}, []string{"baseline: names an earlier run and also accepts this one"}},
		{"a baseline that had not ended", func(r *andon.Rollout) {
			r.Strategy, r.Baseline = andon.LoadTest, &andon.Baseline{Started: minute(-60), Ended: minute(1)}
		}, []string{"baseline: from 2026-03-01T11:00:00Z to 2026-03-01T12:01:00Z is not before this run"}},
		{"all told at once", func(r *andon.Rollout) { r.Service, r.Strategy, r.Ended = "", "x", minute(99) }, []string{"service:", "strategy:", "ended:"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var l factLog
			b := NewBoard(l.Append, time.Hour)
			ro := andon.Rollout{ID: "a", Service: "checkout", Version: "v2", Started: noon}
			tt.change(&ro)
			_, _, err := b.Announce(t.Context(), ro, noon)
			refused(t, err, tt.want, false)
			if kept := len(l.facts) > 0; kept != (len(tt.want) == 0) {
				t.Errorf("kept is %v", kept)
			}
		})
	}
}

// refused sees that err holds one AnnouncementError for each of want.
func refused(t *testing.T, err error, want []string, conflict bool) {
	t.Helper()
	if len(want) == 0 {
		if err != nil {
			t.Error(err)
		}
		return
	}
	var ae *AnnouncementError
	if !errors.As(err, &ae) || ae.Conflict != conflict {
		t.Fatalf("got %v, want an AnnouncementError", err)
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(want) {
		t.Fatalf("got %q, want %d problems", lines, len(want))
	}
	for i, line := range lines {
		if !strings.Contains(line, want[i]) {
			t.Errorf("got %q, want %q in it", line, want[i])
		}
	}
}

func TestAnnounceSaysWhatConflicts(t *testing.T) {
	tests := []struct {
		name   string
		update andon.Rollout
		want   []string
	}{
		{"nothing", andon.Rollout{}, nil},
		{"another start and tool, which do not matter", andon.Rollout{Started: minute(-9), Tool: "flux", Ref: "https://x"}, nil},
		{"another service", andon.Rollout{Service: "cart"}, []string{`service: "checkout" was announced before, and now "cart"; announce another rollout under another id`}},
		{"another version", andon.Rollout{Version: "v3"}, []string{"version:"}},
		{"another scope", andon.Rollout{Scope: map[string]string{"region": "us"}}, []string{"scope:"}},
		{"other nodes", andon.Rollout{Candidate: andon.Selector{"version": "v3"}}, []string{"candidate:"}},
		{"another strategy and other control nodes", andon.Rollout{Strategy: andon.Rolling, Control: andon.Selector{"a": "b"}}, []string{"strategy:", "control:"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var l factLog
			b := NewBoard(l.Append, time.Hour)
			before, _, err := b.Announce(t.Context(), andon.Rollout{
				ID: "a", Service: "checkout", Version: "v2", Scope: map[string]string{"region": "eu"}, Tool: "argo", Ref: "https://r",
				Strategy: andon.Canary, Candidate: andon.Selector{"version": "v2"}, Control: andon.Selector{"version": "v1"},
			}, noon)
			if err != nil {
				t.Fatal(err)
			}
			tt.update.ID = "a"
			_, _, err = b.Announce(t.Context(), tt.update, minute(1))
			refused(t, err, tt.want, true)
			if after, _ := b.Get("a", noon); len(l.facts) != 1 || !same(before, after) {
				t.Errorf("%+v became %+v, by %d facts", before, after, len(l.facts))
			}
		})
	}
}

func TestDerivedIDsAreSaneAndTellApart(t *testing.T) {
	ro := func(service, version string, scope map[string]string) andon.Rollout {
		return andon.Rollout{Service: service, Version: version, Scope: scope, Started: noon}
	}
	from := []andon.Rollout{
		ro("checkout", "v2", nil),
		ro("checkout", "", nil),
		ro("checkout", "v/2", nil), ro("checkout", "v-2", nil), ro("checkout", "v 2", nil),
		ro("Kasse é", "v2", nil),
		ro("checkout", "v2", map[string]string{"region": "eu"}), ro("checkout", "v2", map[string]string{"zone": "eu"}),
		ro("checkout", "v2-eu", nil),
		ro(strings.Repeat("a", 200), strings.Repeat("b", 200), nil), ro(strings.Repeat("a", 200), strings.Repeat("b", 199), nil),
	}
	ids := map[string]bool{}
	for _, r := range from {
		r.ID = idOfAnnouncement(r)
		if ids[r.ID] {
			t.Errorf("%q names two rollouts", r.ID)
		}
		ids[r.ID] = true
		if len(r.ID) > andon.MaxName || idOfAnnouncement(r) != r.ID {
			t.Errorf("%q is too long, or made differently each time", r.ID)
		}
		if wrong := r.Check(noon); len(wrong) > 0 {
			t.Error(wrong)
		}
	}
	if want := "checkout-v2-20260301T120000Z"; !ids[want] {
		t.Errorf("%s is not among %v", want, ids)
	}
}

func FuzzAnnounce(f *testing.F) {
	f.Add("a", "checkout", "v2", "region", "=~v1", "canary", int64(0), int64(5))
	f.Add("", "s/\x00", "é", "", "!~[", "", int64(-1e9), int64(1e9))
	f.Fuzz(func(t *testing.T, id, service, version, label, value, strategy string, start, stage int64) {
		var l factLog
		b := NewBoard(l.Append, time.Hour)
		ro := andon.Rollout{
			ID: id, Service: service, Version: version, Strategy: andon.Strategy(strategy),
			Scope: map[string]string{label: value}, Candidate: andon.Selector{label: value},
			Started: noon.Add(time.Duration(start)), Stages: []time.Time{noon.Add(time.Duration(stage))},
		}
		stands, _, err := b.Announce(t.Context(), ro, noon)
		if err != nil {
			var ae *AnnouncementError
			if !errors.As(err, &ae) || len(l.facts) > 0 {
				t.Fatalf("got %v with %d facts, want an AnnouncementError and none", err, len(l.facts))
			}
			return
		}
		if _, first, err := b.Announce(t.Context(), stands, noon); first || err != nil {
			t.Fatalf("what stands cannot be said again: %v, %v", first, err)
		}
		if got, ok := fold(t, l.facts).Get(stands.ID, noon); !ok || !same(tidy(got), tidy(stands)) {
			t.Fatalf("folded: %+v, stood: %+v", got, stands)
		}
	})
}
