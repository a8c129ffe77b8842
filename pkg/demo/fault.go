package demo

import "time"

// A Fault is what is wrong with a bad version.
type Fault string

// The faults. The empty Fault is none.
const (
	Latency Fault = "latency" // most requests take longer by 60%
	Errors  Fault = "errors"  // 10% of requests are answered with an error
	Crash   Fault = "crash"   // the process ends every few seconds
	Leak    Fault = "leak"    // memory is never given back, and collecting it halts the process ever longer
)

// faultNames says what the faults are, for people.
var faultNames = map[Fault]string{
	Latency: "most requests take 60% longer",
	Errors:  "10% of requests fail",
	Crash:   "the process crashes every few seconds",
	Leak:    "it leaks memory",
}

// Faults are the names of all faults.
var Faults = []string{string(Latency), string(Errors), string(Crash), string(Leak)}

// A behaviour is how nodes of one version of a service behave.
type behaviour struct {
	median     time.Duration // of the node's own work on a request
	spread     float64       // standard deviation of the logarithm of that, between requests
	errors     float64       // share of requests that are answered with status 500
	life       time.Duration // mean time from start to crash
	cpu        time.Duration // processor time of a request
	heap       float64       // bytes at rest
	calls      string        // service that is called for every request; empty if none
	slowShare  float64       // share of requests that take slower times as long
	slowFactor float64
	leakBytes  float64 // bytes that a request leaves behind
	restart    time.Duration
	fault      Fault
}

// services are the shop: a catalog, and a checkout that looks things up in it.
var services = map[string]behaviour{
	"catalog":  {median: 15 * time.Millisecond, spread: .2, errors: .002, life: 20 * time.Minute, cpu: 3 * time.Millisecond, heap: 48e6, restart: time.Second},
	"checkout": {median: 60 * time.Millisecond, spread: .2, errors: .002, life: 20 * time.Minute, cpu: 5 * time.Millisecond, heap: 64e6, restart: time.Second, calls: "catalog"},
}

// with returns the behaviour of a version that has the fault.
func (b behaviour) with(f Fault) behaviour {
	b.fault = f
	switch f {
	case Latency:
		b.slowShare, b.slowFactor = .9, 1.6
	case Errors:
		b.errors = .10
	case Crash:
		b.life = 2 * time.Second
	case Leak:
		b.leakBytes = 2e6
	}
	return b
}
