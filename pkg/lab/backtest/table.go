package backtest

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/andon-project/andon/pkg/andon"
)

// WriteTable writes a report for people: the rollouts, which of them would have been
// halted, how noisy the signals are, and which sensitivity fits.
func WriteTable(w io.Writer, r *Report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s to %s, %s, %s\n\n", stamp(r.Since), stamp(r.Until), count(len(r.Services), "service"), plural(r.Queries, "query", "queries"))
	writeRollouts(&b, r)
	writeSignals(&b, r)
	writeTrials(&b, r)
	for _, s := range r.Services {
		for _, n := range s.Notes {
			fmt.Fprintf(&b, "note: %s: %s\n", s.Name, plain(n))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeRollouts(b *strings.Builder, r *Report) {
	if len(r.Rollouts) == 0 {
		b.WriteString("no rollouts found\n\n")
		return
	}
	rows := [][]string{{"SERVICE", "VERSION", "STARTED", "LASTED", "VERDICT", "FIRST FAIL", "EVIDENCE", "WHY"}}
	var failed []Outcome
	for _, j := range r.Rollouts {
		ro, v := j.Rollout, j.Verdict
		if v.FirstFail != nil {
			failed = append(failed, j)
		}
		rows = append(rows, []string{ro.Service, ro.Previous + " → " + ro.Version, ro.Started.UTC().Format("2006-01-02 15:04"), lasted(j),
			string(v.Verdict), after(v.FirstFail, ro.Started), odds(v.Evidence), plain(v.Reason)})
	}
	align(b, rows)
	fmt.Fprintf(b, "\n%d of %s would have been halted\n", len(failed), count(len(r.Rollouts), "rollout"))
	for _, j := range failed {
		reach := ""
		if j.Reached.Known() {
			reach = fmt.Sprintf(", with %s of the service on the new version", percent(float64(j.Reached)))
		}
		fmt.Fprintf(b, "  %s  %s %s%s\n", stamp(*j.Verdict.FirstFail), j.Rollout.Service, j.Rollout.Version, reach)
	}
	b.WriteString("\n")
}

func writeSignals(b *strings.Builder, r *Report) {
	rows := [][]string{{"SERVICE", "SIGNAL", "WEIGHT", "WINDOWS", "OVER 100", "OVER 1000", "DEVIATION", "MISSING"}}
	for _, s := range r.Services {
		for _, x := range s.Signals {
			rows = append(rows, []string{s.Name, x.Name, percent(x.Weight), fmt.Sprint(x.Windows), share(x.Warned, x.Windows), share(x.Alarmed, x.Windows),
				sigmas(x.Deviation), shareOf(x.Missing)})
		}
	}
	if len(rows) > 1 {
		b.WriteString("noise of the signals without a rollout, a quarter of the nodes against the others\n")
		align(b, rows)
		b.WriteString("\n")
	}
}

func writeTrials(b *strings.Builder, r *Report) {
	rows := [][]string{{"SERVICE", "HIGH", "MEDIUM", "LOW", "CONFIGURED", "SUGGESTED", "WHY"}}
	for _, s := range r.Services {
		row := []string{s.Name}
		for _, t := range s.Trials {
			row = append(row, fmt.Sprintf("%d of %d", t.Failures, t.Windows))
		}
		for len(row) < 4 {
			row = append(row, "-")
		}
		suggested := string(s.Suggested)
		if suggested == "" {
			suggested = "-"
		}
		rows = append(rows, append(row, string(s.Configured), suggested, plain(s.Reason)))
	}
	b.WriteString("false alarms at each sensitivity: windows without a rollout that failed\n")
	align(b, rows)
	b.WriteString("\n")
}

// align writes rows in columns.
func align(b *strings.Builder, rows [][]string) {
	width := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell + strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell)+2))
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}

func lasted(j Outcome) string {
	if j.Open {
		return "under way"
	}
	return brief(j.Rollout.Ended.Sub(j.Rollout.Started))
}

// brief writes a duration to the minute.
func brief(d time.Duration) string {
	d = d.Round(time.Minute)
	if d < time.Hour {
		return fmt.Sprintf("%d min", int(d.Minutes()))
	}
	return fmt.Sprintf("%d h %02d min", int(d.Hours()), int(d.Minutes())%60)
}

func after(t *time.Time, start time.Time) string {
	if t == nil {
		return "-"
	}
	return fmt.Sprintf("%+.1f min", t.Sub(start).Minutes())
}

// odds writes an e-value to three figures; "-" if it is not known.
func odds(n andon.Number) string {
	switch f := float64(n); {
	case math.IsNaN(f):
		return "-"
	case f >= 100 && f < 1e6:
		return fmt.Sprintf("%.0f", f)
	case f > 1e300:
		return ">1e300"
	default:
		return fmt.Sprintf("%.3g", f)
	}
}

func sigmas(n andon.Number) string {
	if !n.Known() {
		return "-"
	}
	return fmt.Sprintf("%.1f σ", float64(n))
}

func share(k, n int) string {
	if n == 0 {
		return "-"
	}
	return percent(float64(k) / float64(n))
}

func shareOf(n andon.Number) string {
	if !n.Known() {
		return "-"
	}
	return percent(float64(n))
}

func percent(v float64) string { return fmt.Sprintf("%.1f%%", 100*v) }

func count(n int, thing string) string { return plural(n, thing, thing+"s") }

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// plain replaces control characters, such as newlines in a source's error.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}
