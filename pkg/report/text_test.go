package report

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
)

func TestTexts(t *testing.T) {
	inf := andon.Number(math.Inf(1))
	for _, c := range []struct{ name, got, want string }{
		{"percent", percent(.998), "99.8%"},
		{"percent of nearly one", percent(.99996), "> 99.9%"},
		{"percent of one", percent(1), "100%"},
		{"percent of nearly zero", percent(1e-9), "< 0.1%"},
		{"percent of zero", percent(0), "0%"},
		{"percent unknown", percent(andon.Unknown), "unknown"},
		{"odds for", odds(41250.4), "41,250 to 1"},
		{"odds against", odds(.04), "0.04 to 1"},
		{"odds even", odds(1), "1 to 1"},
		{"odds small", odds(1.62), "1.62 to 1"},
		{"odds vast", odds(3.74e20), "4·10²⁰ to 1"},
		{"odds without end", odds(inf), "more than 10³⁰⁸ to 1"},
		{"odds of nothing", odds(0), "0 to 1"},
		{"odds unknown", odds(andon.Unknown), "unknown"},
		{"sigma", sigmas(-1.25), "−1.2 σ"},
		{"effect on a share", effect(-.66, "ratio"), "−66 points"},
		{"effect on a latency", effect(.01246, "s"), "+12.5 ms"},
		{"short of thousands", short(1234567), "1,234,567"},
		{"short of small", short(.0000123), "0.0000123"},
		{"short of tiny", short(1.23e-9), "1.2·10⁻⁹"},
		{"short of a fraction", short(2. / 3), "0.6667"},
		{"time", clock(time.Date(2024, 5, 1, 14, 0, 0, 0, time.FixedZone("", 7200))), "2024-05-01 12:00:00 UTC"},
		{"no time", clock((*time.Time)(nil)), "unknown"},
		{"since", since(9*time.Minute + 40*time.Second), "9 min 40 s after stage 1"},
		{"since hours", since(3 * time.Hour), "3 hours after stage 1"},
		{"since seconds", since(20 * time.Second), "20 seconds after stage 1"},
		{"since before", since(-2 * time.Minute), "2 minutes before stage 1"},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, c.got, c.want)
		}
	}
}

func TestTicks(t *testing.T) {
	texts := func(ts []tick) string {
		var out []string
		for _, t := range ts {
			out = append(out, t.text)
		}
		return strings.Join(out, " | ")
	}
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct{ name, got, want string }{
		{"values", texts(valueTicks(-3, 5.2, 5)), "−2 | 0 | 2 | 4"},
		{"small values", texts(valueTicks(0, .0031, 5)), "0 | 0.001 | 0.002 | 0.003"},
		{"no range", texts(valueTicks(2, 2, 5)), ""},
		{"odds", texts(oddsTicks(-1.2, 4.2, 6)), "0.1 to 1 | 1 to 1 | 10 to 1 | 100 to 1 | 1,000 to 1 | 10,000 to 1"},
		{"odds far", texts(oddsTicks(-1, 20, 6)), "1 to 1 | 10,000 to 1 | 10⁸ to 1 | 10¹² to 1 | 10¹⁶ to 1 | 10²⁰ to 1"},
		{"forty minutes", texts(timeTicks(at("2024-05-01T15:39:00Z"), at("2024-05-01T16:19:00Z"), 10)), "15:40 | 15:45 | 15:50 | 15:55 | 16:00 | 16:05 | 16:10 | 16:15"},
		{"over midnight", texts(timeTicks(at("2024-05-01T22:30:00Z"), at("2024-05-02T03:00:00Z"), 5)), "23:00 | May 2 | 01:00 | 02:00 | 03:00"},
		{"a week", texts(timeTicks(at("2024-05-01T03:00:00Z"), at("2024-05-07T04:00:00Z"), 10)), "May 2 | May 3 | May 4 | May 5 | May 6 | May 7"},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, c.got, c.want)
		}
	}
}

func TestThinKeepsPeaks(t *testing.T) {
	var d deviation.Deviation
	for i := range 10_000 {
		d.Times = append(d.Times, time.Unix(int64(i)*60, 0))
		d.Sigma = append(d.Sigma, math.Sin(float64(i)))
	}
	d.Sigma[4321], d.Sigma[77] = 50, math.NaN()
	out := thin(padded(d), 100)
	if len(out.Times) > 200 || len(out.Sigma) != len(out.Times) || len(out.Value) != len(out.Times) {
		t.Fatalf("%d points, %d deviations, %d values", len(out.Times), len(out.Sigma), len(out.Value))
	}
	peak := math.Inf(-1)
	for i, s := range out.Sigma {
		peak = math.Max(peak, s)
		if i > 0 && !out.Times[i].After(out.Times[i-1]) {
			t.Fatalf("time goes back at %d", i)
		}
	}
	if peak != 50 {
		t.Errorf("the peak of 50 became %v", peak)
	}
}

func TestRuns(t *testing.T) {
	nan := math.NaN()
	got := runs([]float64{0, 1, 2, 3, 4, 9, 10}, []float64{1, 2, nan, 4, 5, 6, nan}, 2)
	want := [][2]int{{0, 2}, {3, 5}, {5, 6}}
	if len(got) != len(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}
