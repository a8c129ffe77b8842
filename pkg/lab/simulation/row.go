package simulation

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/andon-project/andon/pkg/andon"
)

// A Row sums up the outcomes of a scenario.
type Row struct {
	Scenario Scenario

	Harmless, Failed, Passed int // harmless rollouts, and how many failed or passed
	Bad, Found               int // bad rollouts, and how many failed

	// Half and Most are the minutes within which half and nine tenths of the
	// bad rollouts failed; infinite if fewer ever did, NaN without any.
	Median, P90 float64

	Calibration []ScoreBin // of the scores at the end
	Early       []ScoreBin // of the scores after a quarter of the time
}

// Row sums the result up.
func (r Result) Row() Row {
	row := Row{Scenario: r.Scenario}
	var delays []float64
	for _, o := range r.Outcomes {
		switch {
		case !o.Bad:
			row.Harmless++
			if o.Failed {
				row.Failed++
			}
			if o.Verdict == andon.Pass {
				row.Passed++
			}
		case o.Failed:
			row.Bad++
			row.Found++
			delays = append(delays, o.Delay)
		default:
			row.Bad++
			delays = append(delays, math.Inf(1))
		}
	}
	slices.Sort(delays)
	row.Median, row.P90 = quantile(delays, .5), quantile(delays, .9)
	if r.Scenario.Group == Calibration {
		row.Calibration = calibrate(r.Outcomes, func(o Outcome) float64 { return o.Score })
		row.Early = calibrate(r.Outcomes, func(o Outcome) float64 { return o.Early })
	}
	return row
}

// quantile returns the smallest of the sorted x that at least a share q of them do
// not exceed; NaN without any.
func quantile(x []float64, q float64) float64 {
	if len(x) == 0 {
		return math.NaN()
	}
	return x[max(0, int(math.Ceil(q*float64(len(x))))-1)]
}

// Rate returns the share of harmless rollouts that failed, and the upper end
// of its one-sided 95% interval (Clopper and Pearson, Biometrika 26 (1934)).
func (r Row) Rate() (share, upper float64) { return rate(r.Failed, r.Harmless) }

// FoundRate returns the share of bad rollouts that failed.
func (r Row) FoundRate() float64 { return float64(r.Found) / float64(r.Bad) }

func rate(k, n int) (share, upper float64) {
	if n == 0 {
		return math.NaN(), math.NaN()
	}
	if k == n {
		return 1, 1
	}
	b := distuv.Beta{Alpha: float64(k + 1), Beta: float64(n - k)}
	return float64(k) / float64(n), b.Quantile(.95)
}

// allowed returns how many of n rollouts may fail at a true rate of p: the expected
// number plus three standard errors.
func allowed(p float64, n int) int {
	return int(float64(n)*p + 3*math.Sqrt(float64(n)*p*(1-p)))
}

// Misses describes the targets that are not met; nil if all are.
func (r Row) Misses() []string {
	var out []string
	t := r.Scenario.Target
	if t.Fail > 0 && r.Failed > allowed(t.Fail, r.Harmless) {
		share, _ := r.Rate()
		out = append(out, fmt.Sprintf("%.2f%% of harmless rollouts failed, promised are %.3g%%", 100*share, 100*t.Fail))
	}
	if t.Found > 0 && r.Bad > 0 && r.FoundRate() < t.Found {
		out = append(out, fmt.Sprintf("%.0f%% of bad rollouts were found, the target is %.0f%%", 100*r.FoundRate(), 100*t.Found))
	}
	if t.Delay > 0 && r.Median > t.Delay {
		out = append(out, fmt.Sprintf("half of the bad rollouts were found within %s minutes, the target is %g", minutes(r.Median), t.Delay))
	}
	return out
}

// A ScoreBin holds the rollouts whose score was in one tenth of [0, 1].
type ScoreBin struct {
	From, To  float64
	N, Bad    int
	Predicted float64 // mean score
}

// Observed returns the share of rollouts that were bad; NaN without any.
func (c ScoreBin) Observed() float64 { return float64(c.Bad) / float64(c.N) }

// calibrate sorts outcomes into tenths of their scores.
func calibrate(all []Outcome, score func(Outcome) float64) []ScoreBin {
	out := make([]ScoreBin, 10)
	for i := range out {
		out[i].From, out[i].To = float64(i)/10, float64(i+1)/10
	}
	for _, o := range all {
		c := &out[min(9, int(score(o)*10))]
		c.N++
		c.Predicted += (score(o) - c.Predicted) / float64(c.N)
		if o.Bad {
			c.Bad++
		}
	}
	return out
}

// minutes writes a delay in minutes; "never" if it is infinite, "" if unknown.
func minutes(v float64) string {
	switch {
	case math.IsNaN(v):
		return ""
	case math.IsInf(v, 1):
		return "never"
	}
	return fmt.Sprintf("%.0f", v)
}
