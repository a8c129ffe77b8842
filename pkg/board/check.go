package board

import (
	"errors"
	"fmt"
	"maps"

	"github.com/andon-project/andon/pkg/andon"
)

// An AnnouncementError says what cannot be about one field of an announcement.
type AnnouncementError struct {
	Rollout  string // its id
	Field    string // as in the announcement's JSON form, such as stages[2]
	Problem  string // what was said there, why that cannot be, what to write
	Conflict bool   // it could be, if it had not been announced otherwise before
}

// Error implements error.
func (e *AnnouncementError) Error() string {
	return fmt.Sprintf("rollout %.200q: %s: %s", e.Rollout, e.Field, e.Problem)
}

// refusal returns the problems of an announcement as errors, nil if there are
// none.
func refusal(id string, problems []andon.Problem) error {
	errs := make([]error, len(problems))
	for i, p := range problems {
		errs[i] = &AnnouncementError{Rollout: id, Field: p.Path, Problem: p.Text}
	}
	return errors.Join(errs...)
}

// conflicts returns what an announcement says otherwise than what stands.
// What is judged cannot change on the way: evidence gathered on other nodes
// would be counted for these.
func conflicts(known, said andon.Rollout) error {
	var errs []error
	no := func(field, format string, args ...any) {
		errs = append(errs, &AnnouncementError{Rollout: known.ID, Field: field, Problem: fmt.Sprintf(format, args...), Conflict: true})
	}
	const anew = "announce another rollout under another id"
	for _, s := range []struct{ field, known, said string }{
		{"service", known.Service, said.Service}, {"version", known.Version, said.Version}, {"previous", known.Previous, said.Previous},
		{"strategy", string(known.Strategy), string(said.Strategy)},
	} {
		if s.known != "" && s.said != "" && s.known != s.said {
			no(s.field, "%.200q was announced before, and now %.200q; %s", s.known, s.said, anew)
		}
	}
	if len(said.Scope) > 0 && !maps.Equal(known.Scope, said.Scope) {
		no("scope", "%v was announced before, and now %v; %s", known.Scope, said.Scope, anew)
	}
	if known.Baseline != nil && said.Baseline != nil && !sameBaseline(known.Baseline, said.Baseline) {
		no("baseline", "a different baseline was announced before; %s", anew)
	}
	for _, s := range []struct {
		field       string
		known, said andon.Selector
	}{{"candidate", known.Candidate, said.Candidate}, {"control", known.Control, said.Control}} {
		if len(s.known) > 0 && len(s.said) > 0 && !maps.Equal(s.known, s.said) {
			no(s.field, "%v was announced before, and now %v; %s", s.known, s.said, anew)
		}
	}
	return errors.Join(errs...)
}
