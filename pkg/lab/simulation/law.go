package simulation

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"
)

// day is the number of minutes a season takes.
const day = 1440

// A noiseProcess is an AR(1) process of mean 0 and variance 1:
//
//	z_t = ρ z_(t-1) + √(1-ρ²) ε_t
//
// It begins in its stationary distribution.
type noiseProcess struct {
	rho, step float64
	tails     float64
	z         float64
}

func newNoiseProcess(r *rand.Rand, rho, tails float64) noiseProcess {
	l := noiseProcess{rho: rho, step: math.Sqrt(1 - rho*rho), tails: tails}
	l.z = l.shock(r)
	return l
}

func (l *noiseProcess) next(r *rand.Rand) float64 {
	l.z = l.rho*l.z + l.step*l.shock(r)
	return l.z
}

// shock returns a random number of mean 0 and variance 1.
func (l *noiseProcess) shock(r *rand.Rand) float64 {
	if l.tails > 2 {
		return student(r, l.tails) / math.Sqrt(l.tails/(l.tails-2))
	}
	return r.NormFloat64()
}

func student(r *rand.Rand, nu float64) float64 {
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: nu, Src: r}.Rand()
}

func poisson(r *rand.Rand, mean float64) float64 {
	if !(mean > 0) {
		return 0
	}
	return distuv.Poisson{Lambda: mean, Src: r}.Rand()
}

// clumps returns a random number of events with the given mean: a Poisson number of
// clumps of geometric size, size on average.
func clumps(r *rand.Rand, mean, size float64) float64 {
	if size <= 1 {
		return poisson(r, mean)
	}
	sum := 0.
	for range int(poisson(r, mean/size)) {
		sum += 1 + math.Floor(math.Log(1-r.Float64())/math.Log(1-1/size))
	}
	return sum
}

// season returns the factor of the daily pattern at a minute.
func season(amplitude, phase float64, minute int) float64 {
	if amplitude == 0 {
		return 1
	}
	return math.Exp(amplitude * math.Sin(2*math.Pi*(float64(minute)+phase)/day))
}

// drawEffect returns a random effect of a bad rollout: on errors for half of them,
// else on latency or CPU, or new nodes never come up; on the KPI in a BeforeAfter
// fleet. Logarithms of sizes have a gamma distribution, unlike the priors that the
// judge averages over, and a half-normal one in the Learning group.
func drawEffect(r *rand.Rand, s Scenario) Effect {
	size := 0.
	if s.Group == Learning {
		size = math.Exp(math.Abs(.9 * r.NormFloat64()))
	} else {
		size = math.Exp(distuv.Gamma{Alpha: 2, Beta: 2.5, Src: r}.Rand())
	}
	if s.Fleet.BeforeAfter {
		return Effect{Value: math.Sqrt(size)}
	}
	switch u := r.Float64(); {
	case u < .5:
		return Effect{Errors: size}
	case u < .75:
		return Effect{Latency: size}
	case u < .95:
		return Effect{CPU: size}
	default:
		return Effect{Absent: true}
	}
}

// factor returns f, 1 if it is 0.
func factor(f float64) float64 {
	if f == 0 {
		return 1
	}
	return f
}
