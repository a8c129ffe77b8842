package accuracy

import (
	"math"
	"strings"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/stat"
)

// bandSigmas is half the width, in standard deviations, of the band that replaces
// thresholds where none are published.
const bandSigmas = 3

// minBandSamples is the smallest number of samples before the change for a band.
const minBandSamples = 10

// A check compares one signal of the candidate with thresholds.
type check struct {
	signal   int                   // index of the signal
	scale    func(float64) float64 // converts values to the unit of the thresholds
	min, max float64               // thresholds, infinite if there is none
}

// A checkResult is the result of a check.
type checkResult int

const (
	good   checkResult = iota // within; NaN too, for it is neither below nor above
	bad                       // beyond
	absent                    // no sample at all
)

func (c check) run(v View) checkResult {
	value, seen := v.Signals[c.signal].Candidate.Mean(v.bins() - 1)
	if !seen {
		return absent
	}
	if x := c.scale(value); x < c.min || x > c.max {
		return bad
	}
	return good
}

// A gate is a set of thresholds.
type gate struct {
	success float64 // smallest share of calls that succeed
	latency float64 // largest latency in seconds; 0 for no threshold
}

// checks returns the checks of a gate on the signals of v: of success and latency if
// there are such signals, else of bands around the hour before.
func (g gate) checks(v View) []check {
	var out []check
	for i, s := range v.Signals {
		switch s.InferKind() {
		case andon.Failures, andon.Counts:
			if !outbound(s.Name) {
				out = append(out, check{i, successOf(s.Signal), g.success, math.Inf(1)})
			}
		case andon.Latency:
			if g.latency > 0 {
				out = append(out, check{i, secondsOf(s.Signal), math.Inf(-1), g.latency})
			}
		default: // no threshold is published
		}
	}
	if len(out) > 0 {
		return out
	}
	for i, s := range v.Signals {
		before := s.Control.Means(0, v.Started)
		if len(before) < minBandSamples {
			continue
		}
		mean, width := stat.Mean(before), bandSigmas*math.Sqrt(stat.Variance(before))
		c := check{i, func(x float64) float64 { return x }, mean - width, mean + width}
		switch s.Worse {
		case andon.Both:
		case andon.Lower:
			c.max = math.Inf(1)
		default:
			c.min = math.Inf(-1)
		}
		out = append(out, c)
	}
	return out
}

// outbound reports whether a signal is about the service's calls to other services,
// which do not count towards its own success rate.
func outbound(name string) bool {
	name = strings.ToLower(name)
	return strings.HasPrefix(name, "outbound") || strings.HasPrefix(name, "upstream") || strings.HasPrefix(name, "dependency")
}

// successOf returns the function from a signal's value to the share of successes.
func successOf(s andon.Signal) func(float64) float64 {
	return func(x float64) float64 {
		if unit := strings.ToLower(s.Unit); unit == "percent" || unit == "%" {
			x /= 100
		}
		if s.Worse == andon.Lower {
			return x
		}
		return 1 - x
	}
}

// secondsOf returns the function from a latency signal's value to seconds.
func secondsOf(s andon.Signal) func(float64) float64 {
	return func(x float64) float64 {
		if unit := strings.ToLower(s.Unit); unit == "ms" || unit == "milliseconds" {
			return x / 1000
		}
		return x
	}
}
