package simulation

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
)

// WriteTable writes the rows for people, a line for each scenario, and below
// what misses its target.
func WriteTable(w io.Writer, rows []Row) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "GROUP\tSCENARIO\tHARMLESS\tFAILED\tSHARE\tUP TO (95%)\tPASSED\tBAD\tFOUND\tHALF IN\tNINE TENTHS IN\tTARGET")
	for _, r := range rows {
		cells := append([]string{string(r.Scenario.Group), r.Scenario.Name}, r.harmless()...)
		cells = append(append(cells, r.bad()...), r.met())
		fmt.Fprintln(t, strings.Join(cells, "\t"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	var b strings.Builder
	for _, r := range rows {
		for _, c := range []struct {
			when string
			bins []ScoreBin
		}{{"early", r.Early}, {"at the end", r.Calibration}} {
			if c.bins != nil {
				fmt.Fprintf(&b, "\n%s, score %s: predicted, and what share was bad\n%s", r.Scenario.Name, c.when, calibrationText(c.bins))
			}
		}
	}
	for _, r := range rows {
		for _, m := range r.Misses() {
			fmt.Fprintf(&b, "%s: %s\n", r.Scenario.Name, m)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// harmless returns the cells on harmless rollouts: how many, failed, share, its
// upper bound, and passed.
func (r Row) harmless() []string {
	if r.Harmless == 0 {
		return []string{"", "", "", "", ""}
	}
	share, upper := r.Rate()
	return []string{
		fmt.Sprint(r.Harmless), fmt.Sprint(r.Failed), fmt.Sprintf("%.4f", share), fmt.Sprintf("%.4f", upper),
		fmt.Sprintf("%.3f", float64(r.Passed)/float64(r.Harmless)),
	}
}

// bad returns the cells on bad rollouts: how many, share found, and delays.
func (r Row) bad() []string {
	if r.Bad == 0 {
		return []string{"", "", "", ""}
	}
	return []string{fmt.Sprint(r.Bad), fmt.Sprintf("%.3f", r.FoundRate()), minutes(r.Median), minutes(r.P90)}
}

// met says whether the targets are met.
func (r Row) met() string {
	switch {
	case r.Scenario.Target == Target{}:
		return ""
	case len(r.Misses()) > 0:
		return "missed"
	}
	return "met"
}

func calibrationText(bins []ScoreBin) string {
	var b strings.Builder
	for _, c := range bins {
		fmt.Fprintf(&b, "  %.1f-%.1f  %6d rollouts  %s  %s\n", c.From, c.To, c.N, ratio(c.Predicted, c.N), ratio(c.Observed(), c.N))
	}
	return b.String()
}

// ratio writes v, "-" if it is of nothing.
func ratio(v float64, n int) string {
	if n == 0 || math.IsNaN(v) {
		return "-"
	}
	return fmt.Sprintf("%.3f", v)
}
