package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/andon-project/andon/pkg/andon"
)

const viewLines = "lines"

// maxLines is how many lines of one query are shown by default.
const maxLines = 1000

// A lineQuery is a log query whose lines are shown, and labels to add to them.
type lineQuery struct {
	expr   string
	labels map[string]string
}

// lines answers with candidate's lines: all, or those of the clusters that the
// query picks.
func (q *clusterQuery) lines(ctx context.Context) backend.DataResponse {
	if len(q.Query.Classes) == 0 && q.Query.Cluster == "" {
		return q.plainLines(ctx)
	}
	all, _, err := q.clusters(ctx)
	if err != nil {
		return errorResponse(ctx, err)
	}
	return q.clusterLines(ctx, all)
}

// plainLines answers with all of candidate's lines.
func (q *clusterQuery) plainLines(ctx context.Context) backend.DataResponse {
	expr, err := q.resolve(q.Query.Expr, q.comparison.Candidate.Select)
	if err != nil {
		return errorResponse(ctx, err)
	}
	q.executedQuery = "# candidate\n" + expr + "\n"
	return q.logLines(ctx, []lineQuery{{expr, nil}})
}

// clusterLines answers with the lines of the given clusters.
func (q *clusterQuery) clusterLines(ctx context.Context, all []andon.LogCluster) backend.DataResponse {
	q.executedQuery = ""
	queries := eachOf(limited(&q.frameBuilder, all, maxRates, "clusters"), func(c andon.LogCluster) lineQuery {
		q.executedQuery += fmt.Sprintf("# %s cluster %s\n%s\n", c.Class, c.ID, c.Query)
		return lineQuery{c.Query, map[string]string{"cluster": c.ID, "class": string(c.Class), "template": c.Template}}
	})
	if len(queries) == 0 {
		q.executedQuery = "# no cluster matches"
	}
	return q.logLines(ctx, queries)
}

// logLines reads the lines of all queries and answers with one frame of logs, the
// oldest line first.
func (q *clusterQuery) logLines(ctx context.Context, all []lineQuery) backend.DataResponse {
	limit := maxLines
	if q.Query.Limit > 0 {
		limit = q.Query.Limit
	}
	since := q.Window.From
	if q.comparison.Since.After(since) {
		since = q.comparison.Since
	}
	var found []andon.Line
	for _, lq := range all {
		n := 0
		for l, err := range q.loki.Lines(ctx, lq.expr, andon.Range{Start: since, End: q.Window.To}) {
			if err != nil {
				return errorResponse(ctx, err)
			}
			if n == limit {
				q.notices = append(q.notices, warning("only the first %d lines of %s are shown; raise the limit or narrow the time range", limit, lq.expr))
				break
			}
			n++
			l.Labels = maps.Clone(l.Labels)
			if l.Labels == nil {
				l.Labels = map[string]string{}
			}
			maps.Copy(l.Labels, lq.labels)
			found = append(found, l)
		}
	}
	slices.SortStableFunc(found, func(a, b andon.Line) int { return a.At.Compare(b.At) })
	for _, text := range q.warnings.all() {
		q.notices = append(q.notices, warning("%s", text))
	}
	if len(found) == 0 {
		q.notices = append(q.notices, warning("no line in this time range matches"))
	}
	return q.answer(q.logFrame(found))
}

// logFrame makes a frame of type log-lines.
func (q *clusterQuery) logFrame(found []andon.Line) *data.Frame {
	labels := eachOf(found, func(l andon.Line) json.RawMessage {
		b, err := json.Marshal(l.Labels)
		if err != nil { // strings can always be written
			return json.RawMessage("{}")
		}
		return b
	})
	f := q.table(
		column{"timestamp", eachOf(found, func(l andon.Line) time.Time { return l.At }), data.FieldConfig{}},
		column{"body", eachOf(found, func(l andon.Line) string { return l.Text }), data.FieldConfig{Links: q.logQL("Lines in Loki", q.Query.Expr)}},
		column{"severity", eachOf(found, func(l andon.Line) string { return severity(l.Labels) }), data.FieldConfig{}},
		column{"labels", labels, data.FieldConfig{}},
		column{"id", ids(found, labels), data.FieldConfig{}},
	)
	f.Meta.Type, f.Meta.TypeVersion, f.Meta.PreferredVisualization = data.FrameTypeLogLines, data.FrameTypeVersion{0, 0}, data.VisTypeLogs
	return f
}

// severity returns the level in a line's labels; empty if there is none.
func severity(labels map[string]string) string {
	for _, name := range []string{"detected_level", "level", "severity"} {
		if v := labels[name]; v != "" {
			return v
		}
	}
	return ""
}

// ids returns an id for each line. A line keeps its id at every refresh.
func ids(found []andon.Line, labels []json.RawMessage) []string {
	count := make(map[uint64]int, len(found))
	out := make([]string, len(found))
	for i, l := range found {
		h := fnv.New64a()
		fmt.Fprintf(h, "%d\x00%s\x00", l.At.UnixNano(), l.Text)
		_, _ = h.Write(labels[i])
		sum := h.Sum64()
		out[i] = strconv.FormatUint(sum, 36) + "-" + strconv.Itoa(count[sum])
		count[sum]++
	}
	return out
}
