package board

import (
	"errors"
	"fmt"
	"maps"

	"github.com/andon-project/andon/pkg/andon"
)

// An AnnouncementError says why one field of an announcement is refused.
type AnnouncementError struct {
	Rollout  string // its id
	Field    string // as in the announcement's JSON form, such as stages[2]
	Problem  string // the value, why it is refused, what to write
	Conflict bool   // refused only because it contradicts an earlier announcement
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

// conflicts returns the fields in which an update contradicts what is known.
// What is judged cannot change meanwhile: evidence gathered on other nodes
// would be counted for these.
func conflicts(known, update andon.Rollout) error {
	var errs []error
	no := func(field, format string, args ...any) {
		errs = append(errs, &AnnouncementError{Rollout: known.ID, Field: field, Problem: fmt.Sprintf(format, args...), Conflict: true})
	}
	const anew = "announce another rollout under another id"
	for _, s := range []struct{ field, stored, update string }{
		{"service", known.Service, update.Service}, {"version", known.Version, update.Version}, {"previous", known.Previous, update.Previous},
		{"strategy", string(known.Strategy), string(update.Strategy)},
	} {
		if s.stored != "" && s.update != "" && s.stored != s.update {
			no(s.field, "%.200q was announced before, and now %.200q; %s", s.stored, s.update, anew)
		}
	}
	if len(update.Scope) > 0 && !maps.Equal(known.Scope, update.Scope) {
		no("scope", "%v was announced before, and now %v; %s", known.Scope, update.Scope, anew)
	}
	if known.Baseline != nil && update.Baseline != nil && !sameBaseline(known.Baseline, update.Baseline) {
		no("baseline", "a different baseline was announced before; %s", anew)
	}
	for _, s := range []struct {
		field          string
		stored, update andon.Selector
	}{{"candidate", known.Candidate, update.Candidate}, {"control", known.Control, update.Control}} {
		if len(s.stored) > 0 && len(s.update) > 0 && !maps.Equal(s.stored, s.update) {
			no(s.field, "%v was announced before, and now %v; %s", s.stored, s.update, anew)
		}
	}
	return errors.Join(errs...)
}
