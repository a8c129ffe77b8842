package plugin

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/andon-project/andon/pkg/analysis"
)

// A rolloutRow is a rollout as tables, series and annotations show it.
type rolloutRow struct{ RolloutRecord }

// labels are what rollouts are picked by, and what a legend can show.
func (p rolloutRow) labels() data.Labels {
	ro := p.Rollout
	out := data.Labels{}
	maps.Copy(out, ro.Scope)
	maps.Copy(out, data.Labels{"rollout": ro.ID, "service": ro.Service, "layer": string(p.Layer), "version": ro.Version,
		"previous": ro.Previous, "verdict": string(p.decision()), "strategy": string(p.strategy()), "tool": ro.Tool})
	maps.DeleteFunc(out, func(_, v string) bool { return v == "" })
	return out
}

// decision returns the verdict, empty if there is none.
func (p rolloutRow) decision() analysis.Decision {
	if p.Verdict == nil {
		return ""
	}
	return p.Verdict.Verdict
}

func (p rolloutRow) strategy() analysis.Strategy {
	if p.Verdict != nil && p.Verdict.Strategy != "" {
		return p.Verdict.Strategy
	}
	return p.Rollout.Strategy
}

// verdict returns the verdict, or one that says that there is none.
func (p rolloutRow) verdict() analysis.Verdict {
	if p.Verdict != nil {
		return *p.Verdict
	}
	return analysis.Verdict{Score: analysis.Unknown, Evidence: analysis.Unknown, Blame: analysis.Unknown, Weight: analysis.Unknown, Reason: "it has not been judged yet"}
}

// scope writes the scope for people.
func (p rolloutRow) scope() string {
	parts := make([]string, 0, len(p.Rollout.Scope))
	for _, k := range slices.Sorted(maps.Keys(p.Rollout.Scope)) {
		parts = append(parts, k+"="+p.Rollout.Scope[k])
	}
	return strings.Join(parts, ", ")
}

// halt says how far a halt has come; empty if none was asked for.
func (p rolloutRow) halt() string {
	if p.Halt == nil {
		return ""
	}
	words := map[string]string{"answered": "halted through %s: %s", "failed": "not halted, %s refused: %s", "asked": "asked of %s, not answered yet %s"}
	return strings.TrimSpace(fmt.Sprintf(words[p.Halt.State], p.Halt.Tool, p.Halt.Says))
}

// ended returns when it ended; nil while it is under way.
func (p rolloutRow) ended() *time.Time {
	if p.Rollout.Ended.IsZero() {
		return nil
	}
	return &p.Rollout.Ended
}
