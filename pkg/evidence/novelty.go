package evidence

import (
	"regexp"
	"time"

	"github.com/prometheus/common/model"
)

var window = regexp.MustCompile(`\[([0-9][0-9a-z]*)`)

// novelty returns which share of a bin's sample is new since the bin before:
// an expression over [5m] asked every minute tells everything five times.
func novelty(expr string, step time.Duration) float64 {
	widest := time.Duration(0)
	for _, m := range window.FindAllStringSubmatch(expr, -1) {
		if d, err := model.ParseDuration(m[1]); err == nil {
			widest = max(widest, time.Duration(d))
		}
	}
	if widest <= step {
		return 1
	}
	return float64(step) / float64(widest)
}
