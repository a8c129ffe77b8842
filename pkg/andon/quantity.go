package andon

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A scale is a unit that people write with other prefixes, the smallest first.
type scale []struct {
	size   float64
	suffix string
}

var (
	timeScale = scale{{1e-9, " ns"}, {1e-6, " µs"}, {1e-3, " ms"}, {1, " s"}, {60, " min"}, {3600, " h"}}
	byteScale = scale{{1, " B"}, {1 << 10, " KiB"}, {1 << 20, " MiB"}, {1 << 30, " GiB"}, {1 << 40, " TiB"}}
	rateScale = scale{{1, " B/s"}, {1 << 10, " KiB/s"}, {1 << 20, " MiB/s"}, {1 << 30, " GiB/s"}, {1 << 40, " TiB/s"}}

	// Events such as crashes are rare: by the hour they are whole numbers.
	eventScale = scale{{1, "/h"}, {3600, "/s"}}
)

// unitScales holds, by name of a unit in lower case, how it is written and how
// many of the scale's own unit one of it is.
var unitScales = map[string]struct {
	scale scale
	size  float64
}{
	"s": {timeScale, 1}, "sec": {timeScale, 1}, "second": {timeScale, 1}, "seconds": {timeScale, 1},
	"ms": {timeScale, 1e-3}, "millisecond": {timeScale, 1e-3}, "milliseconds": {timeScale, 1e-3},
	"us": {timeScale, 1e-6}, "µs": {timeScale, 1e-6}, "microseconds": {timeScale, 1e-6},
	"ns": {timeScale, 1e-9}, "nanoseconds": {timeScale, 1e-9},
	"b": {byteScale, 1}, "by": {byteScale, 1}, "bytes": {byteScale, 1}, "decbytes": {byteScale, 1},
	"kib": {byteScale, 1 << 10}, "mib": {byteScale, 1 << 20}, "gib": {byteScale, 1 << 30},
	"kb": {byteScale, 1e3}, "mb": {byteScale, 1e6}, "gb": {byteScale, 1e9},
	"bps": {rateScale, 1}, "bytes/s": {rateScale, 1}, "b/s": {rateScale, 1},
	eventsPerSecond: {eventScale, 3600},
}

// suffixes holds how other units are written after a number.
var suffixes = map[string]string{
	"": "", "short": "", "none": "", "reqps": "/s", "ops": "/s", "cps": "/s", "rps": "/s", "/s": "/s", "1/s": "/s", "hertz": "/s", "cores": " cores",
}

// IsRatio reports whether a unit is of shares, of which the whole is 1 or 100.
func IsRatio(unit string) bool { return slices.Contains(ratioUnits, strings.ToLower(unit)) }

// IsPercent reports whether a unit is of shares, of which the whole is 100.
func IsPercent(unit string) bool {
	u := strings.ToLower(unit)
	return u == "percent" || u == "%"
}

// Quantity writes a value of a unit as people do, with three digits: 12 ms,
// 2.5 GiB, 34%, 210/s. A unit that is not known is written behind the number as
// it is. NaN is "unknown".
func Quantity(v float64, unit string) string { return quantity(v, unit, v, 3) }

// quantity writes v with a number of digits, in the prefix that suits like
// unless v is far below it.
func quantity(v float64, unit string, like float64, digits int) string {
	u := strings.ToLower(strings.TrimSpace(unit))
	switch {
	case math.IsNaN(v):
		return "unknown"
	case math.IsInf(v, 0):
		return strings.TrimPrefix(strconv.FormatFloat(v, 'g', -1, 64), "+")
	case IsPercent(u):
		return decimal(v, digits) + "%"
	case IsRatio(u):
		return decimal(100*v, digits) + "%"
	}
	if s, ok := unitScales[u]; ok {
		return s.scale.write(v*s.size, like*s.size, digits)
	}
	if suffix, ok := suffixes[u]; ok {
		return decimal(v, digits) + suffix
	}
	return decimal(v, digits) + " " + strings.TrimSpace(unit)
}

func (s scale) write(v, like float64, digits int) string {
	suits := func(v float64) int {
		chosen := 0
		for i, step := range s {
			if math.Abs(v) >= step.size*(1-1e-9) {
				chosen = i
			}
		}
		return chosen
	}
	chosen := s[suits(like)]
	if v != 0 && math.Abs(v) < chosen.size/2 {
		chosen = s[suits(v)]
	}
	if v == 0 && like == 0 {
		for _, step := range s {
			if step.size == 1 {
				chosen = step
			}
		}
	}
	return decimal(v/chosen.size, digits) + chosen.suffix
}

// Change writes where a value of a unit went from and to, with enough digits to
// tell the two apart, and by how much it changed: as a share of what it was, or in points
// where it is a share itself. change is empty where there is no telling.
func Change(from, to float64, unit string) (a, b, change string) {
	like := math.Max(math.Abs(from), math.Abs(to))
	for digits := 3; digits <= 6; digits++ {
		a, b = quantity(from, unit, like, digits), quantity(to, unit, like, digits)
		if a != b {
			break
		}
	}
	switch d := to - from; {
	case a == b || math.IsNaN(d) || math.IsInf(d, 0):
		a = quantity(from, unit, like, 3)
		return a, a, ""
	case IsRatio(unit):
		if !IsPercent(unit) {
			d *= 100
		}
		if d > 0 {
			return a, b, "+" + points(d)
		}
		return a, b, "−" + points(-d)
	case from > 0 && to/from >= 2:
		return a, b, "×" + decimal(to/from, 2)
	case from > 0:
		return a, b, signed(100*d/from) + "%"
	}
	return a, b, ""
}

// Step writes by how much a value of a unit changes, without a sign: in points
// where it is a share.
func Step(by float64, unit string) string {
	by = math.Abs(by)
	switch {
	case IsPercent(unit):
		return points(by)
	case IsRatio(unit):
		return points(100 * by)
	}
	return Rough(by, unit)
}

// Rough writes a value of a unit with two digits, for what is an estimate.
func Rough(v float64, unit string) string { return quantity(v, unit, v, 2) }

func points(v float64) string {
	if text := decimal(v, 2); text != "1" {
		return text + " points"
	}
	return "1 point"
}

func signed(v float64) string {
	if v > 0 {
		return "+" + decimal(v, 2)
	}
	return "−" + decimal(-v, 2)
}

// decimal writes v with so many significant digits, without trailing zeros and
// without an exponent, in groups of three: 9,119. What is below
// 0.0001 or from a billion on is written in powers of ten.
func decimal(v float64, digits int) string {
	m := math.Abs(v)
	switch {
	case v == 0:
		return "0"
	case m < 1e-4 || m >= 1e9:
		return powerOfTen(v)
	}
	places := max(0, digits-1-int(math.Floor(math.Log10(m))))
	text := strconv.FormatFloat(v, 'f', places, 64)
	if strings.ContainsRune(text, '.') {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return grouped(text)
}

// grouped puts a comma between every three digits before the point.
func grouped(text string) string {
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "−", text[1:]
	}
	whole, rest, point := strings.Cut(text, ".")
	var b strings.Builder
	for i, c := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	if point {
		b.WriteString("." + rest)
	}
	return sign + b.String()
}

// powerOfTen writes a number that is very small or very large: 6·10¹³.
func powerOfTen(v float64) string {
	e := int(math.Floor(math.Log10(math.Abs(v))))
	return power(v/math.Pow(10, float64(e)), e)
}

// power writes m·10ᵉ for 1 <= |m| < 10.
func power(m float64, e int) string {
	digit := strconv.FormatFloat(math.Abs(m), 'f', 0, 64)
	if digit == "10" {
		digit, e = "1", e+1
	}
	text := "10" + superscript.Replace(strconv.Itoa(e))
	if digit != "1" {
		text = digit + "·" + text
	}
	if m < 0 {
		text = "−" + text
	}
	return text
}

var superscript = strings.NewReplacer("-", "⁻", "0", "⁰", "1", "¹", "2", "²", "3", "³", "4", "⁴", "5", "⁵", "6", "⁶", "7", "⁷", "8", "⁸", "9", "⁹")

// Odds writes the evidence exp(logE) as odds: "9,119 to 1".
func Odds(logE float64) string {
	switch {
	case math.IsNaN(logE):
		return "unknown"
	case logE >= math.Log(1e9): // beyond what exp can hold, too
		e := math.Floor(logE / math.Ln10)
		return power(math.Exp(logE-e*math.Ln10), int(e)) + " to 1"
	}
	return decimal(math.Exp(logE), 4) + " to 1"
}

// Spell writes a duration as people do: 45 seconds, 7 minutes, 2 h 5 min.
func Spell(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d < 0:
		return "−" + Spell(-d)
	case d < 2*time.Minute && d%time.Minute != 0:
		return Plural(float64(d/time.Second), "second")
	case d < time.Hour:
		if s := d % time.Minute; s != 0 {
			return strconv.Itoa(int(d/time.Minute)) + " min " + strconv.Itoa(int(s/time.Second)) + " s"
		}
		return Plural(float64(d/time.Minute), "minute")
	case d < 48*time.Hour:
		if m := d % time.Hour / time.Minute; m != 0 {
			return strconv.Itoa(int(d/time.Hour)) + " h " + strconv.Itoa(int(m)) + " min"
		}
		return Plural(float64(d/time.Hour), "hour")
	}
	return Plural(math.Round(d.Hours()/24), "day")
}

// Plural writes a number of things: 1 node, 3 nodes.
func Plural(n float64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return decimal(n, 15) + " " + thing + "s"
}
