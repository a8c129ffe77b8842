package backtest

import (
	"fmt"
	"math"

	"github.com/andon-project/andon/pkg/analysis"
	"github.com/andon-project/andon/pkg/stat"
)

const (
	// fewestWindows is how many placebos a suggestion takes: below it not one
	// failure is to be expected even at the rate that high promises.
	fewestWindows = 100
	// rare is how improbable a number of failures must be at the promised rate
	// for the promise to be taken as broken.
	rare = .05
)

// conclude fills in what the placebos told of a service.
func (t *tally) conclude(s *Service) {
	for _, x := range t.signals {
		x.Deviation, x.Missing = analysis.Unknown, analysis.Unknown
		if len(x.deviations) > 0 {
			x.Deviation = analysis.Number(stat.Median(x.deviations))
		}
		if x.all > 0 {
			x.Missing = analysis.Number(max(0, 1-float64(x.seen)/float64(x.all)))
		}
		s.Signals = append(s.Signals, x.Signal)
	}
	for _, x := range t.trials {
		x.Within = x.Windows > 0 && atLeast(x.Failures, x.Windows, x.Promised) >= rare
		s.Trials = append(s.Trials, x)
	}
	s.Suggested, s.Reason = t.suggest(*s)
}

// suggest returns the most sensitive of the trials that kept its promise, ""
// if none did or there are too few windows, and why.
func (t *tally) suggest(s Service) (analysis.Sensitivity, string) {
	least := math.MaxInt
	for _, x := range s.Trials {
		least = min(least, x.Windows)
	}
	switch {
	case t.tried < fewestWindows:
		return "", fmt.Sprintf("not enough history: %d windows without a rollout, %d wanted", t.tried, fewestWindows)
	case least < fewestWindows:
		return "", fmt.Sprintf("%d of %d windows could be judged, %d wanted; of one that could not: %s", least, t.tried, fewestWindows, t.why)
	}
	for _, x := range s.Trials {
		if x.Within {
			return x.Sensitivity, fmt.Sprintf("%d of %d placebos failed, %s promises 1 in %.0f", x.Failures, x.Windows, x.Sensitivity, 1/x.Promised)
		}
	}
	last := s.Trials[len(s.Trials)-1]
	reason := fmt.Sprintf("none keeps its promise: even at %s %d of %d placebos failed", last.Sensitivity, last.Failures, last.Windows)
	if noisy := noisiest(s.Signals); noisy != "" {
		reason += "; see to " + noisy
	}
	return "", reason
}

// noisiest returns the name of the signal that counts and alarmed most often,
// "" if none did.
func noisiest(signals []Signal) string {
	most, name := 0, ""
	for _, s := range signals {
		if s.Weight > 0 && s.Alarmed > most {
			most, name = s.Alarmed, s.Name
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
