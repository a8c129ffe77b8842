package deviation

import (
	"slices"
)

// bornAfter is the number of bins for which a counter must have been absent to be
// a new one, whose first value is an increase.
const bornAfter = 5

// increases turns the values of counters into increases a second. A counter that
// begins anew counts from 0, and so does one that was not there in the bornAfter
// bins before its first value.
func (f *Frame) increases(seconds float64) {
	for _, r := range f.Rows {
		r.raw = slices.Clone(r.Values)
		last, was := 0., -1
		for i, v := range r.raw {
			if !Known(v) {
				continue
			}
			switch {
			case was < 0 && i < bornAfter:
				r.Values[i] = 0 // it was there before
			case was < 0 || i-was > bornAfter || v < last:
				r.Values[i] = v / seconds
			default:
				r.Values[i] = (v - last) / seconds
			}
			last, was = v, i
		}
	}
}
