package plugin

import (
	"errors"
	"fmt"
	"net/http"
	"time"
	"unicode/utf16"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/andon-project/andon/pkg/logs/logql"
)

var promQL = parser.NewParser(parser.Options{})

// A validation says whether an expression is valid, and if not, what the first
// mistake is. Positions count UTF-16 code units from 0, as in JavaScript; end is
// exclusive. Both are 0 if the mistake is not in one place.
type validation struct {
	OK    bool   `json:"ok"`
	Error string `json:"error,omitempty"`
	Start int    `json:"start"`
	End   int    `json:"end"`
}

// The languages of expressions.
const (
	languagePromQL = "promql"
	languageLogQL  = "logql"
)

// languages holds the check of each language; PromQL is the default.
var languages = map[string]func(e expansion, original string) validation{
	"": checkPromQL, languagePromQL: checkPromQL, languageLogQL: checkLogQL,
}

// validate answers POST /validate {"expr": "…", "language": "promql"}. The
// expression may hold macros, but no dashboard variables.
func (s resources) validate(req *http.Request) (any, error) {
	var body struct{ Expr, Language string }
	if err := decode(req, &body, `{"expr": "…", "language": "promql"}`); err != nil {
		return nil, err
	}
	check, ok := languages[body.Language]
	if !ok {
		return nil, badBodyError{fmt.Errorf("language: %q is not one of promql, logql", body.Language)}
	}
	// Any values will do for the macros.
	sample := window{To: time.Unix(0, 0).Add(time.Hour), From: time.Unix(0, 0), Step: judgeBin, Scrape: s.sources.config.Scrape}
	return check(sample.expand(body.Expr), body.Expr), nil
}

// checkPromQL parses an expanded expression. Positions are those in the original
// text.
func checkPromQL(e expansion, original string) validation {
	_, err := promQL.ParseExpr(e.Text)
	if err == nil {
		return validation{OK: true}
	}
	var all parser.ParseErrors
	if !errors.As(err, &all) || len(all) == 0 {
		return validation{Error: err.Error()}
	}
	first := all[0]
	return e.mistakeAt(original, first.Err.Error(), int(first.PositionRange.Start), int(first.PositionRange.End))
}

// checkLogQL is checkPromQL for a log query. A mistake extends to the end of the
// text.
func checkLogQL(e expansion, original string) validation {
	_, err := logql.Parse(e.Text)
	var wrong *logql.Error
	switch {
	case err == nil:
		return validation{OK: true}
	case errors.As(err, &wrong):
		return e.mistakeAt(original, wrong.Problem, wrong.Offset, len(e.Text))
	}
	return validation{Error: err.Error()}
}

// mistakeAt returns a mistake in the bytes from start to end of the expanded text.
func (e expansion) mistakeAt(original, message string, start, end int) validation {
	at := func(pos int) int { return utf16Length(original, e.source(pos)) }
	return validation{Error: message, Start: at(start), End: max(at(start), at(end))}
}

// utf16Length returns how many UTF-16 code units the first n bytes of text take.
func utf16Length(text string, n int) int {
	return len(utf16.Encode([]rune(text[:max(0, min(n, len(text)))])))
}
