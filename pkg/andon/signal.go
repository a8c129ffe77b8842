package andon

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// DefaultStep is the width of a bin where nothing else is said.
const DefaultStep = time.Minute

const defaultWarmUp = 3 * time.Minute

// Bin returns the width of the service's bins: Step, or DefaultStep if it says
// nothing.
func (s Service) Bin() time.Duration {
	if s.Step > 0 {
		return time.Duration(s.Step)
	}
	return DefaultStep
}

// WarmUpTime returns how long a node is left out of continuous comparisons.
func (s Service) WarmUpTime() time.Duration {
	if s.WarmUp != nil {
		return time.Duration(*s.WarmUp)
	}
	return defaultWarmUp
}

// Alpha returns the rate of false halts that the sensitivity promises for a
// rollout with no regression and a concurrent control.
func (s Sensitivity) Alpha() float64 {
	switch s {
	case High:
		return 1e-2
	case Low:
		return 1e-4
	default:
		return 1e-3
	}
}

// MinEffect returns the smallest effect on a continuous signal that counts, in
// standard deviations of a control node's level.
func (s Sensitivity) MinEffect() float64 {
	switch s {
	case High:
		return .5
	case Low:
		return 2
	default:
		return 1
	}
}

// InferKind returns the signal's Kind, inferred where it is empty:
//
//	counts    if Per is set
//	crashes   if the name or the metric says crash, restart, panic, oom or
//	          terminated, and the unit is none of bytes, time or ratio
//	memory    if the unit is bytes, or the name or the metric says memory, heap or rss
//	resource  if the name or the metric says cpu
//	latency   if the unit is a time, or the name says latency or duration
//	failures  if the unit is a ratio or a percentage and the name or the metric
//	          says success, availability, error or failure
//	value     otherwise
func (s Signal) InferKind() Kind {
	name, text := strings.ToLower(s.Name), strings.ToLower(s.Name+" "+s.Metric)
	says := func(text string, words ...string) bool {
		for _, w := range words {
			if strings.Contains(text, w) {
				return true
			}
		}
		return false
	}
	switch unit := strings.ToLower(s.Unit); {
	case s.Kind != "":
		return s.Kind
	case s.Per != "":
		return Counts
	case eventful.MatchString(text) && !IsRatio(unit) && !isTime(unit) && !isBytes(unit):
		return Crashes
	case isBytes(unit), says(text, "memory", "heap", "rss"):
		return Memory
	case says(text, "cpu"):
		return Resource
	case isTime(unit), says(name, "latency", "duration"):
		return Latency
	case IsRatio(unit) && says(text, "success", "availability", "error", "fail"):
		return Failures
	}
	return Value
}

// eventful finds what is counted by the time that nodes run.
var eventful = regexp.MustCompile(`(^|[^a-z])(crash|restart|panic|oom|terminated)`)

func isBytes(unit string) bool { return slices.Contains(bytesUnits, unit) }

func isTime(unit string) bool { return slices.Contains(timeUnits, unit) }

// Outbound reports whether the signal tells of the service's own calls to
// others, which its callees spoil as easily as it does itself.
func (s Signal) Outbound() bool {
	name := strings.ToLower(s.Name)
	for _, p := range []string{"outbound", "upstream", "dependency"} {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// family returns the name of the family of signals that s shares a weight
// with, and that weight.
func (s Signal) family() (string, float64) {
	switch k := s.InferKind(); {
	case s.Crashes != "", k == Crashes && s.Logs == "":
		return "crashes", .40
	case s.Logs != "":
		return "logs", .15
	case s.Family == StartUpFamily:
		return string(StartUpFamily), .10
	case k.traits().family == "failures" && s.Outbound():
		return "outbound", .05
	default:
		return k.traits().family, k.traits().weight
	}
}

// Weights returns the weight of each signal: its own, or an equal share of its
// family's.
func Weights(signals []Signal) []float64 {
	members := map[string]int{}
	for _, s := range signals {
		if s.Weight == nil {
			f, _ := s.family()
			members[f]++
		}
	}
	out := make([]float64, len(signals))
	for i, s := range signals {
		if s.Weight != nil {
			out[i] = *s.Weight
			continue
		}
		f, w := s.family()
		out[i] = w / float64(members[f])
	}
	return out
}

// MarginOrDefault returns the smallest change of the signal that counts, as a ratio.
func (s Signal) MarginOrDefault() float64 {
	if s.Margin != nil {
		return *s.Margin
	}
	return s.InferKind().traits().margin
}

// Sign returns +1 if higher is worse or both directions are, -1 if lower is.
func (d Direction) Sign() float64 {
	if d == Lower {
		return -1
	}
	return 1
}

// Failures returns the share of failures in a value of a Failures signal,
// within [0, 1].
func (s Signal) Failures(v float64) float64 {
	if IsPercent(strings.ToLower(s.Unit)) {
		v /= 100
	}
	v = max(0, min(1, v)) // NaN stays NaN
	if s.Worse == Lower {
		return 1 - v
	}
	return v
}

// Concurrent reports whether under the strategy candidate and control run at the
// same time, or one is moved so that they do.
func (s Strategy) Concurrent() bool { return s != BeforeAfter && s != Threshold }

// Needs returns the evidence that fails a rollout of the strategy taken: one
// over the rate of false halts that the sensitivity promises. Without a
// concurrent control less can be promised, and evidence goes no further.
func (s Sensitivity) Needs(taken Strategy) float64 {
	switch {
	case taken != BeforeAfter:
		return 1 / s.Alpha()
	case s == Low:
		return 1000
	}
	return 100
}

var counter = regexp.MustCompile(`_(total|count)\b`)

// IsCounter reports whether a signal of crashes is a bare counter, such as
// restarts_total, whose increases are yet to be taken.
func (s Signal) IsCounter() bool {
	return s.InferKind() == Crashes && s.Per == "" && !strings.Contains(s.Metric, "[") && counter.MatchString(s.Metric)
}
