package stat

import "math"

const (
	forecastFolds  = 4   // parts of the placebos; each is forecast from the others
	forecastPrior  = .1  // weight of the prior, relative to the samples
	forecastRounds = 5   // rounds of reweighting
	huberReach     = 1.5 // robust standard deviations within which a residual has full weight
)

// A forecast holds the coefficients b of how far a signal will move from its level
// of the last hour: b₀ times the move on earlier days at this time, plus b₁ times
// how much lower than on earlier days it is, plus b₂ times its latest move.
type forecast [3]float64

// naive forecasts the move of earlier days.
var naive = forecast{1, 0, 0}

// learnForecast fits the forecast of y from the regressors x by least squares with
// Huber's weights. It is shrunk towards naive (the ridge regression of Hoerl and
// Kennard) as if a tenth as many samples more agreed with naive. Rows whose y is
// NaN are left out; without any row it is naive.
func learnForecast(x [][3]float64, y []float64) forecast {
	n, size := 0., [3]float64{}
	for i := range x {
		if !math.IsNaN(y[i]) {
			n++
			for j, v := range x[i] {
				size[j] += v * v
			}
		}
	}
	if n == 0 {
		return naive
	}
	b, weight := naive, make([]float64, len(x))
	for i := range weight {
		weight[i] = 1
	}
	rest := make([]float64, len(x))
	for range forecastRounds {
		var a [3][4]float64
		for j := range a {
			prior := forecastPrior*size[j] + n*1e-18
			a[j][j], a[j][3] = prior, prior*naive[j]
		}
		for i, r := range x {
			if math.IsNaN(y[i]) {
				continue
			}
			for j, v := range r {
				for k, w := range r {
					a[j][k] += weight[i] * v * w
				}
				a[j][3] += weight[i] * v * y[i]
			}
		}
		b = solve3(a)
		for i, r := range x {
			rest[i] = y[i] - b.predict(r)
		}
		reach := huberReach * MADScale * MAD(rest)
		for i, v := range rest {
			weight[i] = min(1, (reach+1e-300)/(math.Abs(v)+1e-300))
		}
	}
	return b
}

func (f forecast) predict(x [3]float64) float64 { return f[0]*x[0] + f[1]*x[1] + f[2]*x[2] }

// solve3 solves three linear equations, whose matrix is positive definite.
func solve3(a [3][4]float64) forecast {
	for i := range a {
		for r := i + 1; r < 3; r++ {
			f := a[r][i] / a[i][i]
			for c := i; c < 4; c++ {
				a[r][c] -= f * a[i][c]
			}
		}
	}
	var b forecast
	for i := 2; i >= 0; i-- {
		b[i] = a[i][3]
		for c := i + 1; c < 3; c++ {
			b[i] -= a[i][c] * b[c]
		}
		b[i] /= a[i][i]
	}
	return b
}
