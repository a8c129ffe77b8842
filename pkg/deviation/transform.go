package deviation

import (
	"math"

	"github.com/andon-project/andon/pkg/andon"
)

// Transform returns v on the scale on which the signal's nodes are compared:
//
//	latency, resource, memory   ln v; a value that is not positive is no sample
//	failures, counts            arcsin √v, whose scatter hardly depends on v
//	                            and which is finite at 0 and at 1
//	value                       v
func Transform(k andon.Kind, unit string, v float64) float64 {
	switch k {
	case andon.Latency, andon.Resource, andon.Memory:
		if !(v > 0) {
			return math.NaN()
		}
		return math.Log(v)
	case andon.Failures, andon.Counts, andon.Crashes:
		if k == andon.Failures && andon.IsPercent(unit) {
			v /= 100
		}
		switch {
		case !(v >= 0):
			return math.NaN()
		case v > 1:
			return math.Pi/2 + math.Sqrt(v) - 1
		}
		return math.Asin(math.Sqrt(v))
	}
	return v
}

// Inverse undoes Transform.
func Inverse(k andon.Kind, unit string, g float64) float64 {
	switch k {
	case andon.Latency, andon.Resource, andon.Memory:
		return math.Exp(g)
	case andon.Failures, andon.Counts, andon.Crashes:
		v := 0.
		switch {
		case math.IsNaN(g):
			v = g
		case g > math.Pi/2:
			v = math.Pow(g-math.Pi/2+1, 2)
		case g > 0:
			v = math.Pow(math.Sin(g), 2)
		}
		if k == andon.Failures && andon.IsPercent(unit) {
			v *= 100
		}
		return v
	}
	return g
}
