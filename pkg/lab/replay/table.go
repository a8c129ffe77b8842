package replay

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/andon-project/andon/pkg/andon"
)

// A Table writes the results of cases for people: a table with a line for each
// rollout, and a summary.
type Table struct {
	w      io.Writer
	colour bool
	rows   [][]string
	cases  int
	counts map[andon.Decision]int

	bad, found, clean, alarms int // against the truth, where it is known
}

// NewTable returns an empty Table; colour is for terminals.
func NewTable(w io.Writer, colour bool) *Table {
	return &Table{w: w, colour: colour, counts: make(map[andon.Decision]int)}
}

var heading = []string{"CASE", "ROLLOUT", "SERVICE", "VERDICT", "SCORE", "EVIDENCE", "BLAME", "FIRST FAIL", "WHY"}

// Add adds a result. Nothing is written before Flush, because the widths of the
// columns depend on all results.
func (t *Table) Add(r Result) {
	t.cases++
	for i, j := range r.Outcomes {
		v := j.Verdict
		t.rows = append(t.rows, []string{r.Case.Name, v.Rollout, v.Service, string(v.Verdict), decimals(v.Score), oddsOf(v.Evidence), decimals(v.Blame),
			afterStage(v.FirstFail, r.Case.Rollouts[i]), why(v)})
		t.counts[v.Verdict]++
		t.count(r.Case, v)
	}
}

// count compares v with the truth and counts the result.
func (t *Table) count(c *Case, v andon.Verdict) {
	for _, truth := range c.Truth {
		if truth.Rollout != v.Rollout {
			continue
		}
		fail := 0
		if v.Verdict == andon.Fail {
			fail = 1
		}
		if truth.Regression {
			t.bad++
			t.found += fail
		} else {
			t.clean++
			t.alarms += fail
		}
	}
}

// Flush writes the table and its summary.
func (t *Table) Flush() error {
	if len(t.rows) == 0 {
		return nil
	}
	width := make([]int, len(heading))
	for _, row := range append([][]string{heading}, t.rows...) {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	t.row(&b, heading, width)
	for _, row := range t.rows {
		t.row(&b, row, width)
	}
	fmt.Fprintf(&b, "\n%s in %s: %d failed, %d passed, %d inconclusive\n", andon.Plural(float64(len(t.rows)), "rollout"), andon.Plural(float64(t.cases), "case"),
		t.counts[andon.Fail], t.counts[andon.Pass], t.counts[andon.Inconclusive])
	if t.bad+t.clean > 0 {
		fmt.Fprintf(&b, "compared with the truth: %d of %d bad rollouts failed, and %d of %d good ones\n", t.found, t.bad, t.alarms, t.clean)
	}
	_, err := io.WriteString(t.w, b.String())
	return err
}

// colours are the terminal's codes of the verdicts.
var colours = map[string]string{string(andon.Fail): "31", string(andon.Pass): "32", string(andon.Inconclusive): "33"}

func (t *Table) row(b *strings.Builder, row []string, width []int) {
	for i, cell := range row {
		pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
		if code := colours[cell]; t.colour && code != "" && heading[i] == "VERDICT" {
			cell = "\x1b[" + code + "m" + cell + "\x1b[0m"
		}
		switch {
		case i == len(row)-1:
			b.WriteString(cell + "\n")
		case heading[i] == "SCORE" || heading[i] == "EVIDENCE" || heading[i] == "BLAME":
			b.WriteString(pad + cell + "  ")
		default:
			b.WriteString(cell + pad + "  ")
		}
	}
}

// decimals writes a number to three decimals; "-" if it is not known.
func decimals(n andon.Number) string {
	if !n.Known() {
		return "-"
	}
	return fmt.Sprintf("%.3f", float64(n))
}

// oddsOf writes evidence to three digits; "-" if it is not known.
func oddsOf(n andon.Number) string {
	switch f := float64(n); {
	case math.IsNaN(f):
		return "-"
	case f >= 100 && f < 1e6:
		return fmt.Sprintf("%.0f", f)
	default:
		return fmt.Sprintf("%.3g", f)
	}
}

// afterStage writes how long after the first stage a rollout failed.
func afterStage(t *time.Time, ro andon.Rollout) string {
	if t == nil {
		return "-"
	}
	return fmt.Sprintf("%+.1f min", t.Sub(ro.FirstStage()).Minutes())
}

// why returns the reason of the finding with most weighted evidence, or that of the
// verdict.
func why(v andon.Verdict) string {
	best, reason := 0., v.Reason
	for _, f := range v.Findings {
		if w := float64(f.Evidence) * float64(f.Weight); w > best && f.Reason != "" {
			best, reason = w, f.Reason
		}
	}
	if v.Verdict == andon.Inconclusive && v.Reason != "" {
		reason = v.Reason
	}
	// A reason may quote a source's error, and must stay on one line.
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, reason)
}
