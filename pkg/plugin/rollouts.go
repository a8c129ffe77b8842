package plugin

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/andon-project/andon/pkg/analysis"
)

// The views of rollouts, beside the table.
const (
	viewTimeline    = "timeline"
	viewAnnotations = "annotations"
)

// maxRollouts is how many rollouts are shown if the query does not say.
const maxRollouts = 200

// rollouts answers what the exporter has seen.
func (s sources) rollouts(ctx context.Context, r request) backend.DataResponse {
	all, err := s.matchingRollouts(ctx, r)
	if err != nil {
		return failed(ctx, err)
	}
	p := picture{request: r, config: s.config, executed: "# of the exporter\nGET /api/v1/verdicts"}
	limit := maxRollouts
	if r.Query.Limit > 0 {
		limit = r.Query.Limit
	}
	if len(all) > limit {
		p.notices = append(p.notices, warning("there are %d rollouts, and the newest %d are shown; narrow the time range or the query", len(all), limit))
		all = all[:limit]
	}
	switch r.Query.View {
	case viewTimeline:
		return p.timeline(all)
	case viewAnnotations:
		return p.answer(p.annotations(all))
	}
	return p.answer(p.rolloutTable(all))
}

// matchingRollouts returns the rollouts that the query picks, newest first.
func (s sources) matchingRollouts(ctx context.Context, r request) ([]rolloutRow, error) {
	conditions, err := conditions(r.Query.Match, r.Query.Filters)
	if err != nil {
		return nil, badQuery{err}
	}
	all, err := s.exporter().rollouts(ctx, r.Query.Service, r.Window.From)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(p rolloutRow) bool {
		return p.Rollout.Started.After(r.Window.To) || r.Query.Rollout != "" && p.Rollout.ID != r.Query.Rollout || !holds(conditions, p.labels())
	}), nil
}

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

// rolloutTable makes one row a rollout.
func (p picture) rolloutTable(all []rolloutRow) *data.Frame {
	text := func(name string, of func(rolloutRow) string, config data.FieldConfig) column {
		return column{name, eachOf(all, of), config}
	}
	value := func(name string, of func(analysis.Verdict) analysis.Number, config data.FieldConfig) column {
		return column{name, eachOf(all, func(x rolloutRow) *float64 { return number(of(x.verdict())) }), config}
	}
	none := data.FieldConfig{}
	return p.table(
		text("rollout", func(x rolloutRow) string { return x.Rollout.ID }, data.FieldConfig{Links: p.findingsLink("rollout")}),
		text("service", func(x rolloutRow) string { return x.Rollout.Service }, none),
		text("version", func(x rolloutRow) string { return x.Rollout.Version }, none),
		text("verdict", func(x rolloutRow) string { return string(x.decision()) }, verdictConfig()),
		value("score", func(v analysis.Verdict) analysis.Number { return v.Score }, scoreConfig()),
		value("evidence", func(v analysis.Verdict) analysis.Number { return v.Evidence }, data.FieldConfig{}),
		value("blame", func(v analysis.Verdict) analysis.Number { return v.Blame }, data.FieldConfig{Unit: "percentunit"}),
		text("reason", func(x rolloutRow) string { return x.verdict().Reason }, none),
		column{"started", eachOf(all, func(x rolloutRow) time.Time { return x.Rollout.Started }), none},
		column{"ended", eachOf(all, rolloutRow.ended), none},
		column{"first fail", eachOf(all, func(x rolloutRow) *time.Time { return x.verdict().FirstFail }), none},
		text("halt", rolloutRow.halt, none),
		text("previous", func(x rolloutRow) string { return x.Rollout.Previous }, none),
		text("layer", func(x rolloutRow) string { return string(x.Layer) }, none),
		text("scope", rolloutRow.scope, none),
		text("strategy", func(x rolloutRow) string { return string(x.strategy()) }, none),
		text("quality", func(x rolloutRow) string { return string(x.verdict().Quality) }, none),
		text("tool", func(x rolloutRow) string { return x.Rollout.Tool }, none),
		text("link", func(x rolloutRow) string { return x.Rollout.Ref }, data.FieldConfig{Links: []data.DataLink{
			{Title: "Deployment", URL: "${__value.raw}", TargetBlank: true}}}),
	)
}

// eachOf returns f of all; never nil.
func eachOf[T, U any](all []T, f func(T) U) []U {
	out := make([]U, len(all))
	for i, x := range all {
		out[i] = f(x)
	}
	return out
}

// findingsLink leads from a rollout, whose id is in the column of that name, to
// what was found of it.
func (p picture) findingsLink(column string) []data.DataLink {
	return p.own("Findings", Query{V: queryVersion, QueryType: "verdict", View: viewFindings, Rollout: "${__data.fields." + column + "}"})
}
