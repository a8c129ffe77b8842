package andon

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// FormatNumber writes v with as many digits as a person wants.
func FormatNumber(v float64) string {
	switch m := math.Abs(v); {
	case m != 0 && m < 1e-3 || m >= 1e6:
		return strconv.FormatFloat(v, 'g', 3, 64)
	case m >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case m >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

// FormatPair writes two values with enough digits to tell them apart, if three
// more than usual do.
func FormatPair(a, b float64) (string, string) {
	x, y := FormatNumber(a), FormatNumber(b)
	for p := 3; x == y && a != b && p <= 5; p++ {
		x, y = strconv.FormatFloat(a, 'g', p, 64), strconv.FormatFloat(b, 'g', p, 64)
	}
	return x, y
}

// Enumerate joins names as a sentence does.
func Enumerate(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// SortedKeys returns the keys of m in order.
func SortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	return slices.Sorted(maps.Keys(m))
}
