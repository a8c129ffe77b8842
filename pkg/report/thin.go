package report

import (
	"math"
	"time"

	"github.com/andon-project/andon/pkg/deviation"
)

// thin returns d, whose series are all as long, with at most about 2n points. Of each bucket of points it
// keeps the minimum and the maximum deviation (value, where the deviation is
// not known), so that no peak is lost.
func thin(d deviation.Deviation, n int) deviation.Deviation {
	size := (len(d.Times) + n - 1) / n
	if size <= 2 {
		return d
	}
	out := deviation.Deviation{Node: d.Node}
	for from := 0; from < len(d.Times); from += size {
		a, b := extremes(d, from, min(from+size, len(d.Times)))
		keep(&out, d, a)
		if b != a {
			keep(&out, d, b)
		}
	}
	return out
}

// extremes returns the indices in [from, to) of the minimum and the maximum
// point, the earlier first.
func extremes(d deviation.Deviation, from, to int) (a, b int) {
	key := func(i int) float64 {
		if math.IsNaN(d.Sigma[i]) {
			return d.Value[i]
		}
		return d.Sigma[i]
	}
	a, b = from, from
	for i := from; i < to; i++ {
		if key(i) < key(a) || math.IsNaN(key(a)) {
			a = i
		}
		if key(i) > key(b) || math.IsNaN(key(b)) {
			b = i
		}
	}
	return min(a, b), max(a, b)
}

func keep(out *deviation.Deviation, d deviation.Deviation, i int) {
	out.Times = append(out.Times, d.Times[i])
	out.Sigma = append(out.Sigma, d.Sigma[i])
	out.Value = append(out.Value, d.Value[i])
	out.Centre = append(out.Centre, d.Centre[i])
	out.Low = append(out.Low, d.Low[i])
	out.High = append(out.High, d.High[i])
}

// padded returns a copy of d with all its series as long as Times: what is
// missing is not known. A control without any width is one without samples:
// its spread has a floor.
func padded(d deviation.Deviation) deviation.Deviation {
	d.Times = append([]time.Time(nil), d.Times...)
	for _, s := range []*[]float64{&d.Sigma, &d.Value, &d.Centre, &d.Low, &d.High} {
		full := make([]float64, len(d.Times))
		for i := range full {
			full[i] = math.NaN()
		}
		copy(full, *s)
		*s = full
	}
	for i := range d.Times {
		if d.Low[i] == d.High[i] {
			d.Centre[i], d.Low[i], d.High[i] = math.NaN(), math.NaN(), math.NaN()
		}
	}
	return d
}
