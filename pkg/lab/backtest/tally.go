package backtest

import (
	"fmt"
	"math"

	"github.com/andon-project/andon/pkg/andon"
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

// A tally counts what placebos of one service came to.
type tally struct {
	trials  []Trial
	signals []signalTally
	tried   int    // windows
	why     string // the last that could not be judged could not
}

type signalTally struct {
	Signal
	of         andon.Signal
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
			t.signals = append(t.signals, signalTally{Signal: Signal{Name: sig.Name}, of: sig})
		}
	}
	return t
}

// add counts a verdict, and reports whether it is one.
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

// weigh notes what share of the evidence the signals had.
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

// conclude fills in what the placebos told of a service.
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

// suggest returns the most sensitive of the trials that kept its promise, ""
// if none did or there are too few windows, and why.
func (t *tally) suggest(s Service) (andon.Sensitivity, string) {
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
