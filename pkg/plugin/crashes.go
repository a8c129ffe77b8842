package plugin

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/andon-project/andon/pkg/andon"
)

// A crashQuery compares the crashes of candidate and control by signature.
type crashQuery struct{ logQuery }

// crashView makes a view of crashes.
func crashView(show func(*crashQuery, context.Context) backend.DataResponse) answerFunc {
	return func(ctx context.Context, s sources, r request) backend.DataResponse {
		q, err := newLogQuery(ctx, s, r, func(expr string) andon.Signal {
			return andon.Signal{Name: cmp.Or(r.Query.Name, r.RefID), Crashes: expr}
		})
		if err != nil {
			return errorResponse(ctx, err)
		}
		return show(&crashQuery{q}, ctx)
	}
}

// signatures returns the signatures that the query picks, the worst first, and
// the report that holds them.
func (q *crashQuery) signatures(ctx context.Context) ([]andon.CrashSignature, andon.GroupReport, error) {
	report, err := q.source.Crashes(ctx, q.comparison, q.timeRange())
	if err != nil {
		return nil, andon.GroupReport{}, err
	}
	q.addMeta(report.GroupReport)
	picked := slices.DeleteFunc(report.Signatures, func(s andon.CrashSignature) bool { return !q.Query.picks(s.Group) })
	return picked, report.GroupReport, nil
}

// rates answers with the crashes per second of signatures.
func (q *crashQuery) rates(ctx context.Context) backend.DataResponse {
	all, report, err := q.signatures(ctx)
	if err != nil {
		return errorResponse(ctx, err)
	}
	return q.rateLines(report, eachOf(all, func(s andon.CrashSignature) namedGroup { return namedGroup{s.Group, s.Title} }))
}

// A crashRow is one signature on one version.
type crashRow struct {
	andon.CrashSignature
	version string
	crashes float64
	nodes   []string // each with its count
}

// crashRows returns one row for each version that crashed with the signature.
func crashRows(s andon.CrashSignature) []crashRow {
	type key struct {
		version   string
		candidate bool
	}
	at := map[key]int{}
	var rows []crashRow
	for _, n := range s.Nodes {
		k := key{n.Version, n.Candidate}
		i, ok := at[k]
		if !ok {
			i = len(rows)
			at[k] = i
			version := n.Version
			if version == "" {
				version = map[bool]string{true: "candidate", false: "control"}[n.Candidate]
			}
			rows = append(rows, crashRow{CrashSignature: s, version: version})
		}
		rows[i].crashes += n.Events
		rows[i].nodes = append(rows[i].nodes, fmt.Sprintf("%s: %.0f", cmp.Or(n.Node, "service"), n.Events))
	}
	return rows
}

// crashTable answers with one row for each version of each signature, the worst
// first.
func (q *crashQuery) crashTable(ctx context.Context) backend.DataResponse {
	signatures, _, err := q.signatures(ctx)
	if err != nil {
		return errorResponse(ctx, err)
	}
	var all []crashRow
	for _, s := range limited(&q.frameBuilder, signatures, maxClusters, "signatures") {
		all = append(all, crashRows(s)...)
	}
	text := func(name string, get func(crashRow) string, config data.FieldConfig) column {
		return column{name, eachOf(all, get), config}
	}
	none, described := data.FieldConfig{}, func(text string) data.FieldConfig { return data.FieldConfig{Description: text} }
	columns := []column{
		text("class", func(r crashRow) string { return string(r.Class) }, classConfig()),
		text("signature", func(r crashRow) string { return r.Title }, data.FieldConfig{Links: q.logQL("Crashes in Loki", "${__data.fields.query}")}),
		text("version", func(r crashRow) string { return r.version }, none),
		{"crashes", eachOf(all, func(r crashRow) float64 { return r.crashes }), described("crashes of this version")},
		text("on nodes", func(r crashRow) string { return strings.Join(r.nodes, ", ") }, described("nodes of this version that crashed, each with its crashes")),
	}
	columns = append(columns, q.counts(eachOf(all, func(r crashRow) andon.Group { return r.Group }))...)
	columns = append(columns,
		text("stack", func(r crashRow) string { return r.Stack }, data.FieldConfig{Custom: map[string]any{"cellOptions": map[string]any{"type": "auto", "wrapText": true}}}),
		text("frames", func(r crashRow) string { return strings.Join(r.Frames, "\n") }, described("the stack frames that identify the crash")),
		text("runtime", func(r crashRow) string { return r.Runtime }, none),
		text("exception", func(r crashRow) string { return r.Exception }, none),
		text("message", func(r crashRow) string { return r.Message }, none),
		text("feedback", func(r crashRow) string { return string(r.Risk) }, riskConfig()),
		text("reason", func(r crashRow) string { return r.Reason }, described("why it has this class")),
		text("cluster", func(r crashRow) string { return r.ID }, described("id of the signature")),
		text("query", func(r crashRow) string { return r.Query }, data.FieldConfig{Links: q.logQL("Crashes in Loki", "${__data.fields.query}")}),
	)
	return q.answer(q.table(columns...))
}
