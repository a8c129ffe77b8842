package deviation

import (
	"math"

	"github.com/andon-project/andon/pkg/andon"
)

// Transform returns v on the scale on which the signal's nodes are compared:
//
//	log scale      ln v; a value that is not positive is no sample
//	share scale    arcsin √v, whose scatter hardly depends on v and which is
//	               finite at 0 and at 1
//	linear scale   v
func Transform(k andon.Kind, unit string, v float64) float64 {
	switch k.Scale() {
	case andon.LogScale:
		if !(v > 0) {
			return math.NaN()
		}
		return math.Log(v)
	case andon.ShareScale:
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
	case andon.LinearScale:
	}
	return v
}

// Inverse undoes Transform.
func Inverse(k andon.Kind, unit string, g float64) float64 {
	switch k.Scale() {
	case andon.LogScale:
		return math.Exp(g)
	case andon.ShareScale:
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
	case andon.LinearScale:
	}
	return g
}
