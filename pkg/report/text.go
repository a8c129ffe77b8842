package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// unknown is what is written for a value that is not known.
const unknown = "unknown"

func known(n andon.Number) bool { return n.Known() }

// clock writes a time in UTC, or "unknown" for the zero time and nil.
func clock(t any) string {
	switch t := t.(type) {
	case time.Time:
		if !t.IsZero() {
			return t.UTC().Format("2006-01-02 15:04:05 UTC")
		}
	case *time.Time:
		if t != nil {
			return clock(*t)
		}
	}
	return unknown
}

// percent writes a ratio: 0.998 is 99.8%. What is not quite 0 or 1 is not
// written as 0% or 100%.
func percent(n andon.Number) string {
	f := float64(n)
	switch {
	case math.IsNaN(f):
		return unknown
	case f > 0 && f < .001:
		return "< 0.1%"
	case f < 1 && f > .999:
		return "> 99.9%"
	}
	return strconv.FormatFloat(math.Round(f*1000)/10, 'f', -1, 64) + "%"
}

// odds writes evidence as odds: 41250 is "41,250 to 1", 0.04 is "0.04 to 1".
func odds(n andon.Number) string {
	switch f := float64(n); {
	case math.IsNaN(f) || f < 0:
		return unknown
	case f >= math.MaxFloat64:
		return "more than 10³⁰⁸ to 1"
	default:
		return andon.Odds(math.Log(f))
	}
}

// logOf writes the natural logarithm of evidence above 0.
func logOf(e float64) string {
	return strings.Replace(strconv.FormatFloat(math.Log(e), 'f', 1, 64), "-", "−", 1)
}

// scientific writes a value as 3.7·10¹⁴.
func scientific(f float64) string {
	digits, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', 1, 64), "e")
	e, err := strconv.Atoi(exponent)
	if err != nil {
		return strconv.FormatFloat(f, 'g', 3, 64) // an infinity
	}
	return strings.TrimSuffix(digits, ".0") + "·10" + superscript(e)
}

func superscript(n int) string {
	return strings.Map(func(r rune) rune {
		if r == '-' {
			return '⁻'
		}
		return []rune("⁰¹²³⁴⁵⁶⁷⁸⁹")[r-'0']
	}, strconv.Itoa(n))
}

// grouped writes a value with thousands divided, and one decimal below 10.
func grouped(f float64) string {
	if f < 10 {
		return strconv.FormatFloat(math.Round(f*10)/10, 'f', -1, 64)
	}
	s := strconv.FormatFloat(math.Round(f), 'f', 0, 64)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// sigmas writes a deviation.
func sigmas(n andon.Number) string {
	if !n.Known() {
		return unknown
	}
	return strings.Replace(fmt.Sprintf("%+.1f σ", float64(n)), "-", "−", 1)
}

// amount writes a difference of two values in the signal's unit. That of two
// shares is in points.
func amount(n andon.Number, unit string) string {
	text := andon.Quantity(float64(n), unit)
	if andon.IsRatio(unit) && n.Known() {
		return strings.TrimSuffix(text, "%") + " points"
	}
	return text
}

// effect writes amount with its sign.
func effect(n andon.Number, unit string) string {
	if n > 0 {
		return "+" + amount(n, unit)
	}
	return amount(n, unit)
}

// short writes a value to four significant figures, never as 1e-05.
func short(f float64) string {
	switch a := math.Abs(f); {
	case f == 0:
		return "0"
	case a >= 1e15 || a < 1e-6:
		return strings.Replace(scientific(f), "-", "−", 1)
	case a >= 1000:
		if f < 0 {
			return "−" + grouped(-f)
		}
		return grouped(f)
	}
	return strings.Replace(strconv.FormatFloat(figures(f, 4), 'f', -1, 64), "-", "−", 1)
}

// figures rounds a value to n significant figures.
func figures(f float64, n int) float64 {
	if v, err := strconv.ParseFloat(strconv.FormatFloat(f, 'g', n, 64), 64); err == nil {
		return v
	}
	return f
}
