package plugin

import (
	"encoding/json"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// explore returns a link to Explore with a query of the data source with that
// uid; none if uid is empty, or for alert rules, which have no use for links.
func (b frameBuilder) explore(title, uid, name string, query any) []data.DataLink {
	if b.FromAlert || uid == "" {
		return nil
	}
	return []data.DataLink{{Title: title, Internal: &data.InternalDataLink{Query: query, DatasourceUID: uid, DatasourceName: name}}}
}

// selfLink returns a link to another query of this data source.
func (b frameBuilder) selfLink(title string, q querySpec) []data.DataLink {
	raw, err := json.Marshal(q)
	if err != nil {
		return nil
	}
	return b.explore(title, b.config.UID, b.config.Name, json.RawMessage(raw))
}

// promQL returns a link to a PromQL query in the user's Prometheus.
func (b frameBuilder) promQL(title, expr string) []data.DataLink {
	return b.explore(title, b.config.Prometheus.UID, "", map[string]any{"refId": "A", "expr": expr, "range": true, "instant": false})
}

// logQL returns a link to a LogQL query in the user's Loki.
func (b frameBuilder) logQL(title, expr string) []data.DataLink {
	return b.explore(title, b.config.Loki.UID, "", map[string]any{"refId": "A", "expr": expr, "queryType": "range"})
}
