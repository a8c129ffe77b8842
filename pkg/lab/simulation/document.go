package simulation

import (
	_ "embed"
	"fmt"
	"io"
	"math"
	"strings"
	"text/template"
)

//go:embed document.md.tmpl
var documentText string

var document = template.Must(template.New("simulation").Funcs(template.FuncMap{
	"harmless":    harmlessTable,
	"bad":         badTable,
	"calibration": calibrationTable,
	"missed":      missed,
}).Parse(documentText))

// A Document is what docs/simulation.md is made of.
type Document struct {
	Worlds int // asked for of each scenario
	Rows   []Row
}

// Of returns the rows of a group.
func (d Document) Of(g Group) []Row {
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

func harmlessTable(rows []Row) string {
	return markdown(
		[]string{"scenario", "what happens", "rollouts", "failed", "share", "95% below", "passed", "target"}, rows,
		func(r Row) []string {
			return append(append([]string{"`" + r.Scenario.Name + "`", r.Scenario.About}, r.harmless()...), r.met())
		})
}

func badTable(rows []Row) string {
	return markdown(
		[]string{"scenario", "what happens", "bad", "found", "half within, min", "nine tenths within, min", "harmless", "failed", "target"}, rows,
		func(r Row) []string {
			cells := append([]string{"`" + r.Scenario.Name + "`", r.Scenario.About}, r.bad()...)
			return append(append(cells, r.harmless()[:2]...), r.met())
		})
}

// calibrationTable tells of each mixture what became of the rollouts of a
// score, and of all mixtures together.
func calibrationTable(rows []Row) string {
	var b strings.Builder
	all := Row{}
	for _, r := range rows {
		fmt.Fprintf(&b, "### `%s`: %s\n\n", r.Scenario.Name, r.Scenario.About)
		writeCalibration(&b, r)
		all.Early, all.Calibration = together(all.Early, r.Early), together(all.Calibration, r.Calibration)
	}
	b.WriteString("### All of them\n\n")
	writeCalibration(&b, all)
	return strings.TrimSpace(b.String())
}

func writeCalibration(b *strings.Builder, r Row) {
	b.WriteString("| score | rollouts early | mean score | bad | rollouts at the end | mean score | bad |\n|---|---|---|---|---|---|---|\n")
	for i, c := range r.Calibration {
		e := r.Early[i]
		fmt.Fprintf(b, "| %.1f to %.1f | %d | %s | %s | %d | %s | %s |\n", c.From, c.To,
			e.N, ratio(e.Predicted, e.N), ratio(e.Observed(), e.N), c.N, ratio(c.Predicted, c.N), ratio(c.Observed(), c.N))
	}
	fmt.Fprintf(b, "\nBeyond .05 by more than chance (two standard errors): early %s; at the end %s.\n\n", astray(r.Early), astray(r.Calibration))
}

// astray names the tenths in which the share of bad rollouts is further from
// the mean score than .05 and two standard errors.
func astray(bins []Calibrated) string {
	var out []string
	for _, c := range bins {
		if c.N > 0 && math.Abs(c.Observed()-c.Predicted) > .05+2*math.Sqrt(c.Predicted*(1-c.Predicted)/float64(c.N)) {
			out = append(out, fmt.Sprintf("%.1f to %.1f", c.From, c.To))
		}
	}
	if out == nil {
		return "none"
	}
	return strings.Join(out, ", ")
}

// missed lists what misses its target, and what is known of why.
func missed(rows []Row) string {
	var b strings.Builder
	for _, r := range rows {
		if m := r.Misses(); m != nil {
			fmt.Fprintf(&b, "* `%s`: %s.", r.Scenario.Name, strings.Join(m, "; "))
			if r.Scenario.Beyond != "" {
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
	fmt.Fprintf(&b, "| %s |\n|%s\n", strings.Join(head, " | "), strings.Repeat("---|", len(head)))
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(cells(r), " | "))
	}
	return strings.TrimSuffix(b.String(), "\n")
}
