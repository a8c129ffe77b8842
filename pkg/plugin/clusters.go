package plugin

import (
	"cmp"
	"context"
	"slices"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/andon-project/andon/pkg/andon"
)

// A clusterQuery compares the log lines of candidate and control by cluster.
type clusterQuery struct{ logQuery }

// clusterView makes a view of log clusters.
func clusterView(show func(*clusterQuery, context.Context) backend.DataResponse) answerFunc {
	return func(ctx context.Context, s sources, r request) backend.DataResponse {
		q, err := newLogQuery(ctx, s, r, func(expr string) andon.Signal {
			return andon.Signal{Name: cmp.Or(r.Query.Name, r.RefID), Logs: expr}
		})
		if err != nil {
			return errorResponse(ctx, err)
		}
		return show(&clusterQuery{q}, ctx)
	}
}

// clusters returns the clusters that the query picks, the worst first, and the
// report that holds them.
func (q *clusterQuery) clusters(ctx context.Context) ([]andon.LogCluster, andon.GroupReport, error) {
	report, err := q.source.Cluster(ctx, q.comparison, q.timeRange())
	if err != nil {
		return nil, andon.GroupReport{}, err
	}
	q.addMeta(report.GroupReport)
	picked := slices.DeleteFunc(report.Clusters, func(c andon.LogCluster) bool { return !q.Query.picks(c.Group) })
	return picked, report.GroupReport, nil
}

// rates answers with the lines per second of clusters.
func (q *clusterQuery) rates(ctx context.Context) backend.DataResponse {
	all, report, err := q.clusters(ctx)
	if err != nil {
		return errorResponse(ctx, err)
	}
	return q.rateLines(report, eachOf(all, func(c andon.LogCluster) namedGroup { return namedGroup{c.Group, c.Template} }))
}

// clusterTable answers with one row for each cluster, the worst first.
func (q *clusterQuery) clusterTable(ctx context.Context) backend.DataResponse {
	all, _, err := q.clusters(ctx)
	if err != nil {
		return errorResponse(ctx, err)
	}
	all = limited(&q.frameBuilder, all, maxClusters, "clusters")
	text := func(name string, get func(andon.LogCluster) string, config data.FieldConfig) column {
		return column{name, eachOf(all, get), config}
	}
	columns := []column{
		text("class", func(c andon.LogCluster) string { return string(c.Class) }, classConfig()),
		text("template", func(c andon.LogCluster) string { return c.Template }, data.FieldConfig{Links: q.clusterLinks()}),
	}
	columns = append(columns, q.counts(eachOf(all, func(c andon.LogCluster) andon.Group { return c.Group }))...)
	columns = append(columns,
		text("example", func(c andon.LogCluster) string { return example(c.Group) }, data.FieldConfig{}),
		text("feedback", func(c andon.LogCluster) string { return string(c.Risk) }, riskConfig()),
		text("reason", func(c andon.LogCluster) string { return c.Reason }, data.FieldConfig{Description: "why it has this class"}),
		text("cluster", func(c andon.LogCluster) string { return c.ID }, data.FieldConfig{Description: "id of the cluster"}),
		text("query", func(c andon.LogCluster) string { return c.Query }, data.FieldConfig{Links: q.logQL("Lines in Loki", "${__data.fields.query}")}),
	)
	return q.answer(q.table(columns...))
}

// clusterLinks lead from a row to its lines, in this data source and in the
// user's Loki.
func (q *clusterQuery) clusterLinks() []data.DataLink {
	one := q.Query
	one.View, one.Cluster, one.Classes, one.Limit = viewLines, "${__data.fields.cluster}", nil, 0
	return append(q.selfLink("Lines", one), q.logQL("Lines in Loki", "${__data.fields.query}")...)
}
