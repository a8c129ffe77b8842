package plugin

import (
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
)

const viewAnnotations = "annotations"

// annotations answers with one region for each rollout, from its start to its
// end. The column names are those that Grafana expects of annotations.
func (q *rolloutsQuery) annotations() backend.DataResponse {
	all := q.rollouts
	return q.answer(q.table(
		column{"time", eachOf(all, func(x rolloutRow) time.Time { return x.Rollout.Started }), data.FieldConfig{}},
		column{"timeEnd", eachOf(all, func(x rolloutRow) time.Time {
			if e := x.ended(); e != nil {
				return *e
			}
			return q.Window.To
		}), data.FieldConfig{}},
		column{"title", eachOf(all, title), data.FieldConfig{}},
		column{"text", eachOf(all, q.text), data.FieldConfig{}},
		column{"tags", eachOf(all, tags), data.FieldConfig{}},
		column{"color", eachOf(all, func(x rolloutRow) string { return decisionColours[x.decision()] }), data.FieldConfig{}},
		column{"id", eachOf(all, func(x rolloutRow) string { return x.Rollout.ID }), data.FieldConfig{}},
	))
}

// title names a rollout and says how it stands.
func title(x rolloutRow) string {
	t := x.Rollout.Service
	if x.Rollout.Version != "" {
		t += " " + x.Rollout.Version
	}
	if d := x.decision(); d != "" {
		return t + ": " + string(d)
	}
	return t + " under way"
}

// tags returns the tags by which Grafana filters annotations.
func tags(x rolloutRow) string {
	var out []string
	labels := x.labels()
	for _, key := range []string{"service", "layer", "version", "verdict"} {
		if v := labels[key]; v != "" {
			out = append(out, strings.ReplaceAll(v, ",", " "))
		}
	}
	return strings.Join(out, ",")
}

// text returns the verdict and links as HTML, which Grafana sanitizes.
func (q *rolloutsQuery) text(x rolloutRow) string {
	v := x.verdict()
	parts := []string{html.EscapeString(v.Reason)}
	if v.Score.Known() {
		parts[0] += fmt.Sprintf(" (probability of a regression %.0f%%)", 100*float64(v.Score))
	}
	if h := x.halt(); h != "" {
		parts = append(parts, html.EscapeString(h))
	}
	link := func(href, text string) {
		parts = append(parts, fmt.Sprintf(`<a href="%s" target="_blank">%s</a>`, html.EscapeString(href), text))
	}
	if u, err := url.Parse(x.Rollout.Ref); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
		link(x.Rollout.Ref, "Deployment")
	}
	if href := q.exploreURL(x); href != "" {
		link(href, "Findings")
	}
	return strings.Join(parts, "<br>")
}

// exploreURL returns the address of a rollout's findings in Explore; empty if
// Grafana's own URL is unknown.
func (q *rolloutsQuery) exploreURL(x rolloutRow) string {
	if q.appURL == "" || q.config.UID == "" {
		return ""
	}
	end := q.Window.To
	if e := x.ended(); e != nil {
		end = *e
	}
	source := map[string]string{"type": ID, "uid": q.config.UID}
	panes, err := json.Marshal(map[string]any{"andon": map[string]any{
		"datasource": q.config.UID,
		"queries": []any{map[string]any{"refId": "A", "datasource": source, "v": queryVersion, "queryType": "verdict",
			"view": viewFindings, "rollout": x.Rollout.ID}},
		"range": map[string]string{"from": fmt.Sprint(x.Rollout.Started.UnixMilli()), "to": fmt.Sprint(end.UnixMilli())},
	}})
	if err != nil {
		return ""
	}
	return strings.TrimRight(q.appURL, "/") + "/explore?schemaVersion=1&panes=" + url.QueryEscape(string(panes))
}
