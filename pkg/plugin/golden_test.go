package plugin

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/grafana/grafana-plugin-sdk-go/experimental"
)

// goldens are queries of every type and view, whose whole answers are kept in
// testdata.
var goldens = map[string]string{
	"deviation-table":        canary + `,"view":"table","since":"2026-03-01T12:00:00Z"`,
	"deviation-table-back":   `"expr":"latency_seconds","nodeLabel":"pod","cohorts":"time","back":"1d","candidate":{"job":"cart","version":"v1"},"view":"table"`,
	"deviation-table-none":   `"expr":"nothing","nodeLabel":"pod","candidate":{"version":"v2"},"control":{"version":"v1"},"view":"table"`,
	"deviation-heatmap":      canary + `,"view":"heatmap"`,
	"deviation-heatmap-none": `"expr":"nothing","nodeLabel":"pod","candidate":{"version":"v2"},"control":{"version":"v1"},"view":"heatmap"`,

	"clusters-table":     cartLogs,
	"clusters-rates":     cartLogs + `,"view":"rates"`,
	"clusters-each":      cartLogs + `,"view":"rates","by":"cluster","limit":2,"legend":"{{class}}: {{template}}"`,
	"clusters-lines":     cartLogs + `,"view":"lines","limit":4`,
	"clusters-lines-of":  cartLogs + `,"view":"lines","limit":3,"classes":["unknown"]`,
	"clusters-none":      strings.Replace(cartLogs, "cart", "mail", 1),
	"clusters-none-rate": strings.Replace(cartLogs, "cart", "mail", 1) + `,"view":"rates"`,
	"clusters-memory":    cartLogs + `,"service":"cart"`,
	"crashes-table":      strings.Replace(cartLogs, "clusters", "crashes", 1),
	"crashes-rates":      strings.Replace(cartLogs, "clusters", "crashes", 1) + `,"view":"rates"`,
	"crashes-none":       strings.Replace(strings.Replace(cartLogs, "cart", "mail", 1), "clusters", "crashes", 1),

	"verdict-summary":  cartVerdict + `,"view":"summary"`,
	"verdict-findings": cartVerdict + `,"view":"findings"`,
	"verdict-stages":   cartVerdict + `,"view":"stages"`,
	"verdict-of-logs": `"queryType":"verdict","service":"the cart","nodeLabel":"pod","candidate":{"version":"v2"},"control":{"version":"v1"},"since":"2026-03-01T12:00:00Z",` +
		`"signals":[{"name":"errors","logs":"{app=\"cart\"} |= \"error\""},{"name":"crashes","crashes":"{app=\"cart\"}"}],"view":"findings"`,
	"verdict-evidence":     cartVerdict + `,"view":"evidence"`,
	"verdict-state":        cartVerdict + `,"view":"state","step":"5m"`,
	"verdict-of-rollout":   `"queryType":"verdict","rollout":"cart-v2","view":"summary"`,
	"verdict-of-service":   `"queryType":"verdict","service":"cart","view":"findings"`,
	"verdict-of-window":    `"queryType":"verdict","service":"cart","candidate":{"version":"v2"},"since":"2026-03-01T12:10:00Z","view":"findings"`,
	"verdict-none":         `"queryType":"verdict","service":"mail","view":"evidence"`,
	"rollouts-table":       `"queryType":"rollouts"`,
	"rollouts-timeline":    `"queryType":"rollouts","view":"timeline","legend":"{{service}} {{version}}"`,
	"rollouts-annotations": `"queryType":"rollouts","view":"annotations"`,
	"values-services":      `"queryType":"values","values":"services"`,
	"values-nodes":         `"queryType":"values","values":"nodes","expr":"latency_seconds","nodeLabel":"pod"`,
	"rollouts-none":        `"queryType":"rollouts","view":"timeline","service":"nobody"`,
}

// cartVerdict judges the rollout of the shop's cart.
const cartVerdict = `"queryType":"verdict","service":"the cart","nodeLabel":"pod","candidate":{"job":"cart","version":"v2"},"control":{"job":"cart","version":"!=v2"},` +
	`"versionLabel":"version","since":"2026-03-01T12:00:00Z","signals":[{"name":"latency","metric":"latency_seconds","unit":"s","worse":"higher"},{"name":"queue","metric":"queue_length{job=\"cart\"}"}]`

func TestGoldens(t *testing.T) {
	d := instance(t, backend.DataSourceInstanceSettings{UID: "uid-1", Name: "Andon", URL: prometheusServer(t, shop()),
		JSONData: json.RawMessage(`{"prometheusUid":"uid-p","exporterUrl":"` + exporterServer(t) + `","lokiUid":"uid-l","lokiUrl":"` + lokiServer(t, cartLog()) + `"}`)})
	for name, query := range goldens {
		t.Run(name, func(t *testing.T) {
			res, err := d.QueryData(context.Background(), ask(map[string]string{"A": "{" + query + "}"}))
			if err != nil {
				t.Fatal(err)
			}
			r := res.Responses["A"]
			if r.Error != nil {
				t.Fatal(r.Error)
			}
			for _, f := range r.Frames {
				if f.Meta == nil || f.Meta.Type == "" || f.Meta.TypeVersion.IsZero() && f.Meta.Type != data.FrameTypeLogLines || f.Meta.ExecutedQueryString == "" {
					t.Errorf("%s lacks its type or its query", f.Name)
				}
				for _, field := range f.Fields {
					if field.Config == nil || field.Config.DisplayName != "" {
						t.Errorf("field %s has no configuration, or overrides the panel's name", field.Name)
					}
				}
			}
			round(r.Frames)
			experimental.CheckGoldenJSONResponse(t, "testdata", name, &r, *update)
		})
	}
}

// round leaves of numbers what people look at: how the judge adds up is not
// this package's to hold.
func round(frames data.Frames) {
	for _, f := range frames {
		for _, field := range f.Fields {
			for i := range field.Len() {
				if v, ok := field.At(i).(*float64); ok && v != nil {
					short, _ := strconv.ParseFloat(strconv.FormatFloat(*v, 'g', 4, 64), 64)
					field.Set(i, &short)
				}
			}
		}
	}
}
