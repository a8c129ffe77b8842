package accuracy

import (
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"
)

// WriteTable writes the rows for people, aligned.
func WriteTable(w io.Writer, rows []Row) error {
	cells := [][]string{{"SET", "JUDGE", "FOUND", "ALARMS", "OPEN", "F1", "PRECISION", "RECALL", "FPR", "AUC", "FIRST STAGE", "HR@1", "DELAY"}}
	for _, r := range rows {
		line := []string{r.Set, r.Judge, fmt.Sprintf("%d/%d", r.Found, r.Bad), fmt.Sprintf("%d/%d", r.Alarms, r.Clean), fmt.Sprint(r.Inconclusive)}
		for i, m := range measures {
			line = append(line, number(m, m.value(r.Score), r.Intervals[i]))
		}
		cells = append(cells, line)
	}
	width := make([]int, len(cells[0]))
	for _, line := range cells {
		for i, c := range line {
			width[i] = max(width[i], utf8.RuneCountInString(c))
		}
	}
	var b strings.Builder
	for _, line := range cells {
		for i, c := range line {
			if i == len(line)-1 {
				b.WriteString(c + "\n")
				continue
			}
			b.WriteString(c + strings.Repeat(" ", width[i]-utf8.RuneCountInString(c)+2))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// number writes a measure with its interval; "–" if there is none.
func number(m measure, v float64, i Interval) string {
	if math.IsNaN(v) {
		return "–"
	}
	if m.name == "delay" {
		return fmt.Sprintf("%.1f min (%.1f–%.1f)", v, i.Low, i.High)
	}
	return fmt.Sprintf("%s (%s–%s)", ratio(v), ratio(i.Low), ratio(i.High))
}

// ratio writes a number in [0, 1] to three digits, without the leading zero.
func ratio(v float64) string {
	if math.IsNaN(v) {
		return "–"
	}
	return strings.TrimPrefix(fmt.Sprintf("%.3f", v), "0")
}
