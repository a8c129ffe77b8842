package simulation

import (
	_ "embed"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/template"
)

//go:embed document.md.tmpl
var documentText string

var document = template.Must(template.New("simulation").Funcs(template.FuncMap{
	"harmless":    harmlessTable,
	"bad":         badTable,
	"calibration": calibrationTable,
	"missed":      targetsMissed,
}).Parse(documentText))

// A Document is the data of docs/how/simulation.md.
type Document struct {
	Worlds int // number of worlds requested of each scenario
	Rows   []Row
}

// Group returns the rows of a group.
func (d Document) Group(g Group) []Row {
	var out []Row
	for _, r := range d.Rows {
		if r.Scenario.Group == g {
			out = append(out, r)
		}
	}
	return out
}

// Write writes the document, in Markdown.
func (d Document) Write(w io.Writer) error { return document.Execute(w, d) }

// harmlessTable returns a table of the scenarios in which some rollouts failed, and a
// list of the others.
func harmlessTable(rows []Row) string {
	var failed []Row
	var none strings.Builder
	said := ""
	for _, r := range rows {
		if r.Failed > 0 {
			failed = append(failed, r)
			continue
		}
		h := r.harmless()
		if now := fmt.Sprintf("None failed of %s, at most %s:", h[0], h[3]); now != said {
			said = now
			none.WriteString("\n\n" + said + "\n")
		}
		fmt.Fprintf(&none, "\n* `%s`: %s", r.Scenario.Name, r.Scenario.About)
	}
	return markdown(
		[]string{"scenario", "what happens", "rollouts", "failed", "at most"}, failed,
		func(r Row) []string {
			h := r.harmless()
			return []string{"`" + r.Scenario.Name + "`", r.Scenario.About, h[0], h[1], h[3]}
		}) + none.String()
}

// badTable leaves out the harmless rollouts where no scenario has any.
func badTable(rows []Row) string {
	head := []string{"scenario", "what happens", "bad", "found", "half in, min", "90% in, min"}
	overlap := slices.ContainsFunc(rows, func(r Row) bool { return r.Harmless > 0 })
	if overlap {
		head = append(head, "harmless", "failed")
	}
	return markdown(head, rows, func(r Row) []string {
		cells := append([]string{"`" + r.Scenario.Name + "`", r.Scenario.About}, r.bad()...)
		if overlap {
			cells = append(cells, r.harmless()[:2]...)
		}
		return cells
	})
}

// calibrationTable returns for each mixture the share of bad rollouts by score.
func calibrationTable(rows []Row) string {
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&b, "### `%s`: %s\n\n", r.Scenario.Name, r.Scenario.About)
		writeCalibration(&b, r)
	}
	return strings.TrimSpace(b.String())
}

func writeCalibration(b *strings.Builder, r Row) {
	b.WriteString("|score|early|mean|bad|end|mean|bad|\n|---|---|---|---|---|---|---|\n")
	for i, c := range r.Calibration {
		e := r.Early[i]
		fmt.Fprintf(b, "|%.1f–%.1f|%d|%s|%s|%d|%s|%s|\n", c.From, c.To,
			e.N, ratio(e.Predicted, e.N), ratio(e.Observed(), e.N), c.N, ratio(c.Predicted, c.N), ratio(c.Observed(), c.N))
	}
	fmt.Fprintf(b, "\nFurther apart than .05 and two standard errors: early %s; end %s.\n\n", miscalibrated(r.Early), miscalibrated(r.Calibration))
}

// miscalibrated names the tenths in which the share of bad rollouts differs from the
// mean score by more than .05 plus two standard errors.
func miscalibrated(bins []ScoreBin) string {
	var out []string
	for _, c := range bins {
		if c.N > 0 && math.Abs(c.Observed()-c.Predicted) > .05+2*math.Sqrt(c.Predicted*(1-c.Predicted)/float64(c.N)) {
			out = append(out, fmt.Sprintf("%.1f–%.1f", c.From, c.To))
		}
	}
	if out == nil {
		return "none"
	}
	return strings.Join(out, ", ")
}

// targetsMissed lists the scenarios that miss a target, and why if that is known.
func targetsMissed(rows []Row) string {
	var b strings.Builder
	for _, r := range rows {
		if m := r.Misses(); m != nil {
			fmt.Fprintf(&b, "* `%s`: %s.", r.Scenario.Name, strings.Join(m, "; "))
			if r.Scenario.Beyond != "" && !strings.Contains(b.String(), r.Scenario.Beyond) {
				b.WriteString(" " + r.Scenario.Beyond)
			}
			b.WriteString("\n")
		}
	}
	if b.Len() == 0 {
		return "None."
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func markdown(head []string, rows []Row, cells func(Row) []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "|%s|\n|%s\n", strings.Join(head, "|"), strings.Repeat("---|", len(head)))
	for _, r := range rows {
		fmt.Fprintf(&b, "|%s|\n", strings.Join(cells(r), "|"))
	}
	return strings.TrimSuffix(b.String(), "\n")
}
