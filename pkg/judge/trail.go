package judge

import (
	"math"
	"time"
)

// A Point is a rollout's evidence at one time.
type Point struct {
	At  time.Time `json:"at"`
	Log float64   `json:"log"` // natural logarithm of the evidence; finite
}

// maxTrail bounds a trail.
const maxTrail = 720

// A trail is the evidence on a rollout over time, oldest first.
type trail []Point

// keep appends a point, leaving out every other of the older ones when there
// are too many.
func (t trail) keep(p Point) trail {
	if math.IsNaN(p.Log) || math.IsInf(p.Log, 0) {
		return t
	}
	if len(t) >= maxTrail {
		n := 0
		for i := 0; i < len(t); i += 2 {
			t[n] = t[i]
			n++
		}
		t = t[:n]
	}
	if n := len(t); n > 0 && t[n-1].At.Equal(p.At) {
		t = t[:n-1] // decided on once more, for late samples
	}
	return append(t, p)
}
