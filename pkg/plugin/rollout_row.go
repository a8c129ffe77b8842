package plugin

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/andon-project/andon/pkg/andon"
)

// A rolloutRow is a rollout as tables, series and annotations show it.
type rolloutRow struct{ andon.RolloutRecord }

// labels returns the labels for legends and for picking rollouts.
func (r rolloutRow) labels() data.Labels {
	ro := r.Rollout
	out := data.Labels{}
	maps.Copy(out, ro.Scope)
	maps.Copy(out, data.Labels{"rollout": ro.ID, "service": ro.Service, "layer": string(r.Layer), "version": ro.Version,
		"previous": ro.Previous, "verdict": string(r.decision()), "strategy": string(r.strategy()), "tool": ro.Tool})
	maps.DeleteFunc(out, func(_, v string) bool { return v == "" })
	return out
}

// decision returns the verdict, empty if there is none.
func (r rolloutRow) decision() andon.Decision {
	if r.Verdict == nil {
		return ""
	}
	return r.Verdict.Verdict
}

func (r rolloutRow) strategy() andon.Strategy {
	if r.Verdict != nil && r.Verdict.Strategy != "" {
		return r.Verdict.Strategy
	}
	return r.Rollout.Strategy
}

// verdict returns the verdict; if there is none, one with no values that says so.
func (r rolloutRow) verdict() andon.Verdict {
	if r.Verdict != nil {
		return *r.Verdict
	}
	return andon.Verdict{Score: andon.Unknown, Evidence: andon.Unknown, Blame: andon.Unknown, Weight: andon.Unknown, Reason: "not judged yet"}
}

// scope writes the scope for people.
func (r rolloutRow) scope() string {
	parts := make([]string, 0, len(r.Rollout.Scope))
	for _, k := range slices.Sorted(maps.Keys(r.Rollout.Scope)) {
		parts = append(parts, k+"="+r.Rollout.Scope[k])
	}
	return strings.Join(parts, ", ")
}

// halt says what became of a halt; empty if none was asked for.
func (r rolloutRow) halt() string {
	if r.Halt == nil {
		return ""
	}
	formats := map[string]string{"answered": "halted through %s: %s", "failed": "not halted, %s refused: %s", "asked": "asked %s to halt, no answer yet %s"}
	return strings.TrimSpace(fmt.Sprintf(formats[r.Halt.State], r.Halt.Tool, r.Halt.Says))
}

// ended returns when the rollout ended; nil while it is under way.
func (r rolloutRow) ended() *time.Time {
	if r.Rollout.Ended.IsZero() {
		return nil
	}
	return &r.Rollout.Ended
}
