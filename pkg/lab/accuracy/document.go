package accuracy

import (
	_ "embed"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"text/template"
)

//go:embed document.md.tmpl
var documentText string

var documentTemplate = template.Must(template.New("accuracy").Funcs(template.FuncMap{"cell": cell}).Parse(documentText))

// cell escapes text for a table of Markdown, in which | ends a cell, even in code.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// origins describe data sets by name.
var origins = map[string]string{
	"changerca": "a micro-service shop on Kubernetes; in each case one to six services roll out pod by pod at about the same time, and one new version is bad (13 kinds of fault). " +
		"From [ChangeRCA](https://github.com/IntelligentDDS/ChangeRCA) (Yu et al., FSE 2024)",
	"kontrast": "one KPI of an unnamed unit, a sample a minute, up to eight days before and two hours after a change; daily patterns, no control. " +
		"From [Kontrast](https://github.com/NetManAIOps/kontrast) (Wang et al., ISSRE 2022)",
}

// A document is the data of the template.
type document struct {
	Resamples int
	Picture   string
	Sets      []setText
	Judges    []judgeText
	Results   string
	Faults    []faultTable
}

type judgeText struct{ Name, What, Source string }

type setText struct {
	Name, Origin      string
	Cases, Bad, Clean int
	OneIn20           string // share of Andon's alarms that would be right if one rollout in twenty were bad
}

// A faultTable says for one data set which judge found which faults.
type faultTable struct{ Set, Table string }

// WriteDocument writes what was measured, how, and the results, in Markdown.
func WriteDocument(w io.Writer, r *Report, rows []Row) error {
	d := document{Resamples: resamples, Picture: Picture, Results: results(rows)}
	for i, j := range r.Judges {
		t := judgeText{j.Name, j.What, j.Source}
		if i > 0 && j.Source == r.Judges[i-1].Source {
			t.Source = "as above"
		}
		d.Judges = append(d.Judges, t)
	}
	for _, row := range rows {
		if row.Judge != r.Judges[0].Name {
			continue
		}
		s := setText{Name: row.Set, Origin: origins[row.Set], Bad: row.Bad, Clean: row.Clean, OneIn20: oneIn20(row)}
		for _, c := range r.Cases {
			if c.Set() == row.Set {
				s.Cases++
			}
		}
		if s.Origin == "" {
			s.Origin = "no description"
		}
		d.Sets = append(d.Sets, s)
		if len(row.Faults) > 1 {
			d.Faults = append(d.Faults, faultTable{row.Set, faults(row.Set, rows)})
		}
	}
	return documentTemplate.Execute(w, d)
}

// results returns the table of all judges on all sets.
func results(rows []Row) string {
	head := []string{"data", "judge", "open"}
	for _, m := range measures {
		head = append(head, m.name)
	}
	lines := [][]string{head}
	for _, r := range rows {
		line := []string{r.Set, r.Judge}
		if r.Same != "" {
			line = append(line, "", "as "+r.Same)
			for range len(measures) - 1 {
				line = append(line, "")
			}
			lines = append(lines, line)
			continue
		}
		line = append(line, fmt.Sprint(r.Inconclusive))
		for i, m := range measures {
			cell := number(m, m.value(r.Score), r.Intervals[i])
			if v, interval, ok := strings.Cut(cell, " ("); ok {
				cell = "**" + v + "** " + strings.TrimSuffix(interval, ")")
			}
			line = append(line, cell)
		}
		lines = append(lines, line)
	}
	return markdown(lines)
}

// faults returns the table of faults found by each judge on a set.
func faults(set string, rows []Row) string {
	head := []string{"fault"}
	var columns []Row
	for _, r := range rows {
		if r.Set == set && r.Same == "" {
			head = append(head, r.Judge)
			columns = append(columns, r)
		}
	}
	lines := [][]string{head}
	for _, kind := range slices.Sorted(maps.Keys(columns[0].Faults)) {
		line := []string{kind}
		for _, r := range columns {
			line = append(line, fmt.Sprintf("%d/%d", r.Faults[kind].Found, r.Faults[kind].Total))
		}
		lines = append(lines, line)
	}
	return markdown(lines)
}

// markdown returns a table; the first line is its head.
func markdown(lines [][]string) string {
	var b strings.Builder
	for i, line := range lines {
		b.WriteString("|" + strings.Join(line, "|") + "|\n")
		if i == 0 {
			b.WriteString(strings.Repeat("|---", len(line)) + "|\n")
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// oneIn20 writes the share of alarms that would be right if one rollout in
// twenty were bad, at the rate of false alarms that was seen and at the upper
// end of its interval:
//
//	.05 recall / (.05 recall + .95 FPR)
func oneIn20(r Row) string {
	right := func(fpr float64) float64 { return .05 * r.Recall / (.05*r.Recall + .95*fpr) }
	worst := r.Intervals[column("FPR")].High
	if math.IsNaN(right(r.FPR)) || math.IsNaN(right(worst)) {
		return "unknown"
	}
	return fmt.Sprintf("%.2f, or %.2f at the upper end of the interval of FPR", right(r.FPR), right(worst))
}
