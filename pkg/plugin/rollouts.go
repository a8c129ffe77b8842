package plugin

import (
	"context"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/andon-project/andon/pkg/andon"
)

// maxRollouts is how many rollouts are shown by default.
const maxRollouts = 200

// A rolloutsQuery lists rollouts of the exporter.
type rolloutsQuery struct {
	frameBuilder
	rollouts []rolloutRow // newest first
}

// rolloutsView makes a view of rollouts.
func rolloutsView(show func(*rolloutsQuery) backend.DataResponse) answerFunc {
	return func(ctx context.Context, s sources, r request) backend.DataResponse {
		all, err := matchingRollouts(ctx, s, r)
		if err != nil {
			return errorResponse(ctx, err)
		}
		q := &rolloutsQuery{frameBuilder{request: r, config: s.config, executedQuery: "# asked of the exporter\nGET /api/v1/verdicts"}, all}
		limit := maxRollouts
		if r.Query.Limit > 0 {
			limit = r.Query.Limit
		}
		if len(all) > limit {
			q.notices = append(q.notices, warning("only the newest %d of %d rollouts are shown; narrow the time range or the query", limit, len(all)))
			q.rollouts = all[:limit]
		}
		return show(q)
	}
}

// matchingRollouts returns the rollouts that the query picks, newest first.
func matchingRollouts(ctx context.Context, s sources, r request) ([]rolloutRow, error) {
	conditions, err := conditions(r.Query.Match, r.Query.Filters)
	if err != nil {
		return nil, badQuery{err}
	}
	all, err := s.exporter().rollouts(ctx, r.Query.Service, r.Window.From)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(p rolloutRow) bool {
		return p.Rollout.Started.After(r.Window.To) || r.Query.Rollout != "" && p.Rollout.ID != r.Query.Rollout || !matchesAll(conditions, p.labels())
	}), nil
}

// rolloutTable answers with one row for each rollout.
func (q *rolloutsQuery) rolloutTable() backend.DataResponse {
	return q.answer(rolloutFrame(q.frameBuilder, q.rollouts))
}

// rolloutFrame makes a table with one row for each rollout.
func rolloutFrame(b frameBuilder, all []rolloutRow) *data.Frame {
	text := func(name string, get func(rolloutRow) string, config data.FieldConfig) column {
		return column{name, eachOf(all, get), config}
	}
	value := func(name string, get func(andon.Verdict) andon.Number, config data.FieldConfig) column {
		return column{name, eachOf(all, func(x rolloutRow) *float64 { return number(get(x.verdict())) }), config}
	}
	none := data.FieldConfig{}
	return b.table(
		text("rollout", func(x rolloutRow) string { return x.Rollout.ID }, data.FieldConfig{Links: findingsLink(b, "rollout")}),
		text("service", func(x rolloutRow) string { return x.Rollout.Service }, none),
		text("version", func(x rolloutRow) string { return x.Rollout.Version }, none),
		text("verdict", func(x rolloutRow) string { return string(x.decision()) }, verdictConfig()),
		value("score", func(v andon.Verdict) andon.Number { return v.Score }, scoreConfig()),
		value("evidence", func(v andon.Verdict) andon.Number { return v.Evidence }, oddsConfig("odds that the rollout made its service worse, at their highest")),
		value("blame", func(v andon.Verdict) andon.Number { return v.Blame },
			data.FieldConfig{Unit: "percentunit", Description: "how likely it was this rollout rather than one that overlaps it"}),
		text("reason", func(x rolloutRow) string { return x.verdict().Reason }, none),
		column{"started", eachOf(all, func(x rolloutRow) time.Time { return x.Rollout.Started }), none},
		column{"ended", eachOf(all, rolloutRow.ended), none},
		column{"first fail", eachOf(all, func(x rolloutRow) *time.Time { return x.verdict().FirstFail }), data.FieldConfig{Description: "when the verdict became fail"}},
		text("halt", rolloutRow.halt, none),
		text("previous", func(x rolloutRow) string { return x.Rollout.Previous }, data.FieldConfig{Description: "the version before"}),
		text("layer", func(x rolloutRow) string { return string(x.Layer) }, none),
		text("scope", rolloutRow.scope, none),
		text("strategy", func(x rolloutRow) string { return string(x.strategy()) }, none),
		text("quality", func(x rolloutRow) string { return string(x.verdict().Quality) }, data.FieldConfig{Description: "ok, or why it could not be judged"}),
		text("tool", func(x rolloutRow) string { return x.Rollout.Tool }, none),
		text("link", func(x rolloutRow) string { return x.Rollout.Ref }, data.FieldConfig{Links: []data.DataLink{
			{Title: "Deployment", URL: "${__value.raw}", TargetBlank: true}}}),
	)
}

// findingsLink leads from a rollout, whose id is in the given column, to its
// findings.
func findingsLink(b frameBuilder, column string) []data.DataLink {
	return b.selfLink("Findings", querySpec{V: queryVersion, QueryType: "verdict", View: viewFindings, Rollout: "${__data.fields." + column + "}"})
}
