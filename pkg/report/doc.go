// Package report writes verdicts as web pages for people: one page that holds
// all that a rollout's verdict rests on, and an index of rollouts. A page is
// one file: its charts are drawn here as SVG, it loads nothing from
// other servers and runs no script. The package knows neither where verdicts come
// from nor how pages are served.
package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"strconv"
	"strings"

	"github.com/andon-project/andon/pkg/andon"
)

//go:embed style.css
var style string

// ContentSecurityPolicy is the Content-Security-Policy header under which the
// pages work: their own style and nothing else.
var ContentSecurityPolicy = func() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

var funcs = template.FuncMap{
	"style":   func() template.HTML { return template.HTML("<style>" + style + "</style>") }, // not CSS: a filter would change the text that the policy's hash is of
	"time":    clock,
	"score":   percent,
	"odds":    odds,
	"sigma":   sigmas,
	"amount":  amount,
	"effect":  effect,
	"known":   known,
	"quality": quality,
	"class":   func(c andon.Class) string { return strings.ReplaceAll(string(c), "_", " ") },
	"count":   func(n float64) string { return strconv.FormatFloat(n, 'f', 0, 64) },
	"ratio":   func(n andon.Number) string { return strconv.FormatFloat(float64(n), 'g', 3, 64) },
}
