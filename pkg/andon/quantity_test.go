package andon

import (
	"math"
	"testing"
	"time"
)

func TestQuantity(t *testing.T) {
	tests := []struct {
		v    float64
		unit string
		want string
	}{
		{.012, "s", "12 ms"}, {.0123456, "seconds", "12.3 ms"}, {12, "ms", "12 ms"}, {1500, "ms", "1.5 s"}, {1, "s", "1 s"}, {0, "s", "0 s"}, {0, "ms", "0 s"}, {90, "s", "1.5 min"},
		{2.5 * (1 << 30), "bytes", "2.5 GiB"}, {512, "By", "512 B"}, {1536, "kib", "1.5 MiB"},
		{.34, "ratio", "34%"}, {.0012, "ratio", "0.12%"}, {34, "percent", "34%"}, {99.95, "%", "100%"},
		{210, "reqps", "210/s"}, {9119, "", "9,119"}, {1234567, "", "1,234,567"}, {7, "widgets", "7 widgets"},
		{6e13, "", "6·10¹³"}, {-2e-7, "", "−2·10⁻⁷"}, {9.7e12, "", "10¹³"},
		{-3.5, "", "−3.5"}, {math.NaN(), "ms", "unknown"}, {math.Inf(1), "s", "Inf"},
	}
	for _, tt := range tests {
		if got := Quantity(tt.v, tt.unit); got != tt.want {
			t.Errorf("%v of %q is written %q, want %q", tt.v, tt.unit, got, tt.want)
		}
	}
}

func TestChange(t *testing.T) {
	tests := []struct {
		from, to    float64
		unit        string
		a, b, moved string
	}{
		{.012, .020, "s", "12 ms", "20 ms", "+67%"},
		{.9, 1.1, "s", "0.9 s", "1.1 s", "+22%"},
		{.2, .21, "ratio", "20%", "21%", "+1 point"},
		{1, .28, "ratio", "100%", "28%", "−72 points"},
		{.094371, .094374, "s", "94.371 ms", "94.374 ms", "+0.0032%"},
		{.157, 1.78, "s", "157 ms", "1.78 s", "×11"},
		{16.3, 73, "s", "16.3 s", "1.22 min", "×4.5"},
		{2, 2, "", "2", "2", ""},
		{3.26949, 3.26949, "%", "3.27%", "3.27%", ""},
		{0, 3, "", "0", "3", ""},
		{.01, .4, "", "0.01", "0.4", "×40"},
		{5, 0, "", "5", "0", "−100%"},
		{1 << 30, 3 << 29, "bytes", "1 GiB", "1.5 GiB", "+50%"},
		{1 << 30, 5 << 29, "bytes", "1 GiB", "2.5 GiB", "×2.5"},
		{0, .01, "events/s", "0/h", "36/h", ""},
		{0, 0, "events/s", "0/h", "0/h", ""},
		{math.NaN(), 2, "", "unknown", "unknown", ""},
	}
	for _, tt := range tests {
		if a, b, by := Change(tt.from, tt.to, tt.unit); a != tt.a || b != tt.b || by != tt.moved {
			t.Errorf("from %v to %v of %q is written %q, %q, %q, want %q, %q, %q", tt.from, tt.to, tt.unit, a, b, by, tt.a, tt.b, tt.moved)
		}
	}
}

func TestOdds(t *testing.T) {
	for logE, want := range map[float64]string{
		math.Log(9119): "9,119 to 1", 0: "1 to 1", math.Log(123452): "123,452 to 1", 1000 * math.Ln10: "10¹⁰⁰⁰ to 1", math.Log(.05): "0.05 to 1", 34.2 * math.Ln10: "2·10³⁴ to 1",
	} {
		if got := Odds(logE); got != want {
			t.Errorf("exp(%v) is written %q, want %q", logE, got, want)
		}
	}
}

func TestSpell(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Second: "1 second", 45 * time.Second: "45 seconds", time.Minute: "1 minute", 90 * time.Second: "90 seconds", 7 * time.Minute: "7 minutes", 150 * time.Second: "2 min 30 s",
		time.Hour: "1 hour", 125 * time.Minute: "2 h 5 min", 72 * time.Hour: "3 days",
	} {
		if got := Spell(d); got != want {
			t.Errorf("%v is written %q, want %q", d, got, want)
		}
	}
}

func TestStep(t *testing.T) {
	for _, tt := range []struct {
		by   float64
		unit string
		want string
	}{
		{.008, "ratio", "0.8 points"}, {-.01, "percentunit", "1 point"}, {31.2, "percent", "31 points"}, {34312, "ms", "34 s"}, {.02, "s", "20 ms"}, {-2.5, "", "2.5"}, {.01, "events/s", "36/h"},
	} {
		if got := Step(tt.by, tt.unit); got != tt.want {
			t.Errorf("a step of %v of %q is written %q, want %q", tt.by, tt.unit, got, tt.want)
		}
	}
}
