// Package source is where samples and lines come from: Prometheus, Loki,
// files. It turns their answers into what package analysis asks for and their
// refusals into errors that say what to do.
package source

import (
	"errors"

	"github.com/andon-project/andon/pkg/analysis"
)

// Resolve writes s's matchers into every selector of a PromQL expression; it
// is an analysis.ResolveFunc.
func Resolve(expr string, s analysis.Selector) (string, error) {
	return "", errors.New("not yet")
}
