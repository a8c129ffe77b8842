package accuracy

import (
	"math"
	"strings"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/stat"
)

// bandSigmas is how wide the band is that stands in for thresholds where
// nobody can say what a good value is.
const bandSigmas = 3

// fewest is how many samples before the change a band rests on.
const fewest = 10

// A check holds one signal of the candidate against thresholds.
type check struct {
	signal   int                   // index
	scale    func(float64) float64 // into the unit of the thresholds
	min, max float64               // infinite if there is none
}

// A checked is what came out of a check.
type checked int

const (
	good   checked = iota // within; NaN too, for it is neither below nor above
	bad                   // beyond
	absent                // no sample at all
)

func (c check) run(v View) checked {
	value, seen := v.Signals[c.signal].Candidate.Mean(v.bins() - 1)
	if !seen {
		return absent
	}
	if x := c.scale(value); x < c.min || x > c.max {
		return bad
	}
	return good
}

// A gate is what thresholds are set on.
type gate struct {
	success float64 // least share of calls that succeed
	latency float64 // most seconds; 0 if latency is not looked at
}

// checks returns the checks of a gate on the signals of v: on success and
// latency where there are such signals, and on bands around the hour before
// elsewhere.
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
		}
	}
	if len(out) > 0 {
		return out
	}
	for i, s := range v.Signals {
		before := s.Control.Means(0, v.Started)
		if len(before) < fewest {
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

// outbound reports whether a signal tells of the service's calls to others,
// which success rates of a service are not made of.
func outbound(name string) bool {
	name = strings.ToLower(name)
	return strings.HasPrefix(name, "outbound") || strings.HasPrefix(name, "upstream") || strings.HasPrefix(name, "dependency")
}

// successOf returns what makes a share of successes of the signal's values.
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

// secondsOf returns what makes seconds of a latency signal's values.
func secondsOf(s andon.Signal) func(float64) float64 {
	return func(x float64) float64 {
		if unit := strings.ToLower(s.Unit); unit == "ms" || unit == "milliseconds" {
			return x / 1000
		}
		return x
	}
}
