package analysis

import (
	"slices"
)

// bornAfter is for how many bins a counter must not have been there for its
// first value to be an increase.
const bornAfter = 5

// increases turns the values of counters into increases a second. A counter that
// begins anew counts from 0, and so does one that was not there in the bornAfter
// bins before its first value.
func (f *frame) increases(seconds float64) {
	for _, r := range f.rows {
		r.raw = slices.Clone(r.v)
		last, was := 0., -1
		for i, v := range r.raw {
			if !known(v) {
				continue
			}
			switch {
			case was < 0 && i < bornAfter:
				r.v[i] = 0 // it was there before
			case was < 0 || i-was > bornAfter || v < last:
				r.v[i] = v / seconds
			default:
				r.v[i] = (v - last) / seconds
			}
			last, was = v, i
		}
	}
}
