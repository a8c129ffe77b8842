package plugin

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"
	"unicode/utf16"

	"github.com/prometheus/prometheus/promql/parser"
)

// maxExpr is how long an expression to validate may be, in bytes of request.
const maxExpr = 1 << 20

var promQL = parser.NewParser(parser.Options{})

// resources serves what the editors ask for while a query is written.
func (d *Datasource) resources() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /validate", d.validate)
	mux.HandleFunc("POST /discover", d.discover)
	return mux
}

// A validation says whether an expression is PromQL, and the first mistake if
// it is not. Positions count UTF-16 code units from 0, as JavaScript does; end
// is exclusive. Both are 0 if no part of the expression is to blame.
type validation struct {
	OK    bool   `json:"ok"`
	Error string `json:"error,omitempty"`
	Start int    `json:"start"`
	End   int    `json:"end"`
}

// validate answers POST /validate {"expr": "…"}. Macros may be in the
// expression, dashboard variables must have been replaced.
func (d *Datasource) validate(w http.ResponseWriter, req *http.Request) {
	var asked struct {
		Expr string `json:"expr"`
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewDecoder(http.MaxBytesReader(w, req.Body, maxExpr)).Decode(&asked); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": `the body is not {"expr": "…"}: ` + err.Error()})
		return
	}
	// The values of macros do not matter here, only their form.
	form := window{To: time.Unix(0, 0).Add(time.Hour), From: time.Unix(0, 0), Step: judgeBin, Scrape: d.config.Scrape}
	_ = json.NewEncoder(w).Encode(check(form.expand(asked.Expr), asked.Expr))
}

// check parses an expression and puts its first mistake where it is in the
// original text.
func check(e expansion, original string) validation {
	_, err := promQL.ParseExpr(e.Text)
	if err == nil {
		return validation{OK: true}
	}
	var all parser.ParseErrors
	if !errors.As(err, &all) || len(all) == 0 {
		return validation{Error: err.Error()}
	}
	first := all[0]
	at := func(pos int) int { return units(original, e.source(pos)) }
	start := at(int(first.PositionRange.Start))
	return validation{Error: first.Err.Error(), Start: start, End: max(start, at(int(first.PositionRange.End)))}
}

// units returns how many UTF-16 code units the first n bytes of text take.
func units(text string, n int) int {
	return len(utf16.Encode([]rune(text[:max(0, min(n, len(text)))])))
}
