package andon_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/andon-project/andon/pkg/andon"
)

func TestNumberOnTheWire(t *testing.T) {
	for _, tc := range []struct {
		n    andon.Number
		want string
	}{
		{0, "0"}, {1.5, "1.5"}, {andon.Unknown, "null"},
		{andon.Number(math.Inf(1)), "1.7976931348623157e+308"},
		{andon.Number(math.Inf(-1)), "-1.7976931348623157e+308"},
	} {
		got, err := json.Marshal(tc.n)
		if err != nil || string(got) != tc.want {
			t.Errorf("%v is written as %s (%v), want %s", tc.n, got, err, tc.want)
		}
	}
}

func FuzzNumber(f *testing.F) {
	for _, s := range []string{"null", "0", "-1e308", "1e999", `"x"`, "{}", "", "nul"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var n andon.Number
		if json.Unmarshal(b, &n) != nil {
			return
		}
		out, err := json.Marshal(n)
		if err != nil {
			t.Fatalf("%s was read as %v, which cannot be written: %v", b, n, err)
		}
		var again andon.Number
		if err := json.Unmarshal(out, &again); err != nil || again != n && (again.Known() || n.Known()) {
			t.Fatalf("%s became %v, then %v (%v)", b, n, again, err)
		}
	})
}
