package backtest

import (
	"fmt"
	"math"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/stat"
)

const (
	// minWindows is the smallest number of placebos for a suggestion: with fewer, no
	// failure is to be expected even at the rate that high promises.
	minWindows = 100
	// rare is the probability below which a number of failures shows that the
	// promised rate is not kept.
	rare = .05
)

// A tally counts the verdicts on the placebos of one service.
type tally struct {
	trials     []Trial
	signals    []signalTally
	tried      int    // number of placebos
	lastReason string // why the latest of those without a verdict has none
}

type signalTally struct {
	Signal
	signal     andon.Signal
	deviations []float64
	seen, all  int // samples
}

func newTally(s andon.Service) *tally {
	t := &tally{}
	for _, x := range andon.Sensitivities {
		t.trials = append(t.trials, Trial{Sensitivity: x, Promised: x.Alpha()})
	}
	for _, sig := range s.Signals {
		if sig.Metric != "" {
			t.signals = append(t.signals, signalTally{Signal: Signal{Name: sig.Name}, signal: sig})
		}
	}
	return t
}

// add counts a verdict. It returns false for one without enough data.
func (t *Trial) add(v andon.Verdict) bool {
	if v.Quality != andon.OK && v.FirstFail == nil {
		return false
	}
	t.Windows++
	if v.FirstFail != nil {
		t.Failures++
	}
	return true
}

// weigh records the share of the evidence that each signal had.
func (t *tally) weigh(v andon.Verdict) {
	for _, f := range v.Findings {
		for i := range t.signals {
			if x := &t.signals[i]; f.Kind == "metric" && x.Name == f.Signal {
				x.Weight = max(x.Weight, float64(f.Weight))
			}
		}
	}
}

func (t *signalTally) add(v andon.Verdict, samples int) {
	if len(v.Findings) == 0 {
		return
	}
	f := v.Findings[0]
	t.seen, t.all = t.seen+f.Candidate+f.Control, t.all+samples
	if f.Quality != andon.OK {
		return
	}
	t.Windows++
	if v.Evidence >= 100 {
		t.Warned++
	}
	if v.Evidence >= 1000 {
		t.Alarmed++
	}
	if f.Deviation.Known() {
		t.deviations = append(t.deviations, math.Abs(float64(f.Deviation)))
	}
}

// conclude sets what the placebos show of a service.
func (t *tally) conclude(s *Service) {
	for _, x := range t.signals {
		x.Deviation, x.Missing = andon.Unknown, andon.Unknown
		if len(x.deviations) > 0 {
			x.Deviation = andon.Number(stat.Median(x.deviations))
		}
		if x.all > 0 {
			x.Missing = andon.Number(max(0, 1-float64(x.seen)/float64(x.all)))
		}
		s.Signals = append(s.Signals, x.Signal)
	}
	for _, x := range t.trials {
		x.Within = x.Windows > 0 && atLeast(x.Failures, x.Windows, x.Promised) >= rare
		s.Trials = append(s.Trials, x)
	}
	s.Suggested, s.Reason = t.suggest(*s)
}

// suggest returns the highest sensitivity that kept its promise, and why; "" if none
// did or there are too few placebos.
func (t *tally) suggest(s Service) (sensitivity andon.Sensitivity, reason string) {
	judged := math.MaxInt
	for _, x := range s.Trials {
		judged = min(judged, x.Windows)
	}
	switch {
	case t.tried < minWindows:
		return "", fmt.Sprintf("not enough history: %d windows without a rollout, needs %d", t.tried, minWindows)
	case judged < minWindows:
		return "", fmt.Sprintf("only %d of %d windows could be judged, needs %d; for example: %s", judged, t.tried, minWindows, t.lastReason)
	}
	for _, x := range s.Trials {
		if x.Within {
			return x.Sensitivity, fmt.Sprintf("%d of %d placebos failed, %s promises 1 in %.0f", x.Failures, x.Windows, x.Sensitivity, 1/x.Promised)
		}
	}
	last := s.Trials[len(s.Trials)-1]
	reason = fmt.Sprintf("none keeps its promise: even at %s %d of %d placebos failed", last.Sensitivity, last.Failures, last.Windows)
	if noisy := noisiest(s.Signals); noisy != "" {
		reason += "; the noisiest signal is " + noisy
	}
	return "", reason
}

// noisiest returns the name of the signal with weight that alarmed most often, "" if
// none did.
func noisiest(signals []Signal) string {
	alarms, name := 0, ""
	for _, s := range signals {
		if s.Weight > 0 && s.Alarmed > alarms {
			alarms, name = s.Alarmed, s.Name
		}
	}
	return name
}

// atLeast returns the probability of k or more of n at rate p.
func atLeast(k, n int, p float64) float64 {
	below, term := 0., math.Pow(1-p, float64(n)) // of exactly i
	for i := range k {
		below += term
		term *= float64(n-i) / float64(i+1) * p / (1 - p)
	}
	return 1 - below
}
