package report

import (
	"math"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// A tick is one labelled place on an axis.
type tick struct {
	at   float64 // in the axis' unit; Unix seconds on a time axis
	text string
}

// valueTicks returns about n round values in [lo, hi].
func valueTicks(lo, hi float64, n int) []tick {
	if !(hi > lo) || n < 1 {
		return nil
	}
	raw := (hi - lo) / float64(n)
	unit := math.Pow(10, math.Floor(math.Log10(raw)))
	step := 10 * unit
	for _, m := range []float64{1, 2, 2.5, 5} {
		if m*unit >= raw {
			step = m * unit
			break
		}
	}
	var out []tick
	for i := math.Ceil(lo/step - 1e-9); i*step <= hi+step*1e-9; i++ {
		out = append(out, tick{at: i * step, text: short(i * step)})
	}
	return out
}

// oddsTicks returns the whole powers of ten in [lo, hi] (common logarithms of
// evidence), at most n of them.
func oddsTicks(lo, hi float64, n int) []tick {
	step := math.Max(1, math.Ceil((hi-lo)/float64(n)))
	var out []tick
	for e := math.Ceil(lo/step) * step; e <= hi; e += step {
		text := andon.Odds(e * math.Ln10)
		if math.Abs(e) >= 6 {
			text = "10" + superscript(int(e)) + " to 1"
		}
		out = append(out, tick{at: e, text: text})
	}
	return out
}

// spans are the distances between time ticks.
var spans = []time.Duration{time.Second, 5 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, day, 2 * day, 7 * day, 14 * day, 28 * day, 91 * day, 365 * day}

const day = 24 * time.Hour

// timeTicks returns at most n round times in [from, to], in UTC.
func timeTicks(from, to time.Time, n int) []tick {
	step := spans[len(spans)-1]
	for _, s := range spans {
		if to.Sub(from) <= time.Duration(n)*s {
			step = s
			break
		}
	}
	form := "15:04"
	switch {
	case step < time.Minute:
		form = "15:04:05"
	case step >= day:
		form = "Jan 2"
	}
	var out []tick
	for t := from.UTC().Truncate(step); !t.After(to); t = t.Add(step) {
		if t.Before(from) {
			continue
		}
		text := t.Format(form)
		if form == "15:04" && text == "00:00" && len(out) > 0 {
			text = t.Format("Jan 2")
		}
		out = append(out, tick{at: float64(t.Unix()), text: text})
	}
	return out
}
