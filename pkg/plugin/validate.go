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

// A validation says whether an expression can be read, and the first mistake
// if it cannot. Positions count UTF-16 code units from 0, as JavaScript does;
// end is exclusive. Both are 0 if no part of the expression is to blame.
type validation struct {
	OK    bool   `json:"ok"`
	Error string `json:"error,omitempty"`
	Start int    `json:"start"`
	End   int    `json:"end"`
}

// languages maps what an expression may be written in to what checks it.
var languages = map[string]func(e expansion, original string) validation{
	"": checkPromQL, "promql": checkPromQL, "logql": checkLogQL,
}

// validate answers POST /validate {"expr": "…", "language": "promql"}. Macros
// may be in the expression, dashboard variables must have been replaced.
func (s resources) validate(req *http.Request) (any, error) {
	var body struct{ Expr, Language string }
	if err := decode(req, &body, `{"expr": "…", "language": "promql"}`); err != nil {
		return nil, err
	}
	check, ok := languages[body.Language]
	if !ok {
		return nil, badBodyError{fmt.Errorf("language: %q is not one of promql, logql", body.Language)}
	}
	// The values of macros do not matter here, only their form.
	form := window{To: time.Unix(0, 0).Add(time.Hour), From: time.Unix(0, 0), Step: judgeBin, Scrape: s.sources.config.Scrape}
	return check(form.expand(body.Expr), body.Expr), nil
}

// checkPromQL parses an expression and puts its first mistake where it is in
// the original text.
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

// checkLogQL is checkPromQL for a log query. What is wrong is said to be the
// rest of the text from the mistake on.
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

// mistakeAt says that the bytes from start to end of an expanded text are wrong.
func (e expansion) mistakeAt(original, says string, start, end int) validation {
	at := func(pos int) int { return utf16Length(original, e.source(pos)) }
	return validation{Error: says, Start: at(start), End: max(at(start), at(end))}
}

// utf16Length returns how many UTF-16 code units the first n bytes of text take.
func utf16Length(text string, n int) int {
	return len(utf16.Encode([]rune(text[:max(0, min(n, len(text)))])))
}
