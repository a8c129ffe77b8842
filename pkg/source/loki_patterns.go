package source

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/logs/logql"
)

const (
	patternsWait  = 10 * time.Second // for an answer: patterns are welcome, not needed
	patternsBytes = 8 << 20          // of it
	absentFor     = time.Hour        // that a missing endpoint is not queried again
)

// A Presence remembers that a server lacks an endpoint. Its zero value means that
// it may have it. It is safe for concurrent use.
type Presence struct{ askAgain atomic.Int64 } // unix time in nanoseconds

func (p *Presence) absent(now time.Time) bool { return now.UnixNano() < p.askAgain.Load() }
func (p *Presence) miss(now time.Time)        { p.askAgain.Store(now.Add(absentFor).UnixNano()) }

// Patterns returns what Loki's pattern ingesters found in the streams that a
// query selects, those with the most lines first; its pipeline does not matter
// to them. It is an andon.PatternsFunc. The range's step is the width of the
// samples that are added up. Where this Loki keeps no patterns it returns
// nothing, and does not query again for an hour. Other refusals are *Error; none
// is tried again.
func (l *Loki) Patterns(ctx context.Context, expr string, r andon.Range) ([]andon.Pattern, error) {
	if l.config.Patterns.absent(l.now()) {
		return nil, nil
	}
	query, err := logql.Parse(expr)
	if err != nil {
		return nil, badQuery(expr, err, "see the documentation of LogQL")
	}
	ctx, cancel := context.WithTimeout(ctx, patternsWait)
	defer cancel()
	q := l.question(query.Streams())
	q.budget, q.tries = min(q.budget, patternsBytes), 1
	p := l.ranged(r)
	p.Set("query", q.query)
	if r.Step > 0 {
		p.Set("step", strconv.FormatFloat(r.Step.Seconds(), 'f', -1, 64))
	}
	out, err := q.patterns(ctx, p)
	if noSuchEndpoint(err) {
		l.config.Patterns.miss(l.now())
		return nil, nil
	}
	return out, err
}

func (q *question) patterns(ctx context.Context, p url.Values) ([]andon.Pattern, error) {
	var data []struct {
		Pattern string       `json:"pattern"`
		Samples [][2]float64 `json:"samples"` // time in seconds, lines
	}
	if err := q.ask(ctx, "patterns", p, &data); err != nil {
		return nil, err
	}
	lines := map[string]float64{} // one pattern may come once for each level
	for _, d := range data {
		for _, s := range d.Samples {
			lines[d.Pattern] += s[1]
		}
	}
	out := make([]andon.Pattern, 0, len(lines))
	for text, n := range lines {
		out = append(out, andon.Pattern{Text: text, Lines: n})
	}
	slices.SortFunc(out, func(a, b andon.Pattern) int {
		return cmp.Or(cmp.Compare(b.Lines, a.Lines), strings.Compare(a.Text, b.Text))
	})
	return out, nil
}

// noSuchEndpoint reports whether a server refused because it does not have what
// was asked for: Loki answers 404 while its pattern ingester is off, proxies and
// other servers with Loki's API 404, 405, 501, or 500 and a word about it.
func noSuchEndpoint(err error) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return false
	}
	switch e.Status {
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return true
	case http.StatusInternalServerError, http.StatusBadRequest:
		answer := ""
		if e.Err != nil {
			answer = strings.ToLower(e.Err.Error())
		}
		for _, word := range []string{"not implemented", "unimplemented", "not enabled", "disabled", "not supported", "unsupported"} {
			if strings.Contains(answer, word) {
				return true
			}
		}
	}
	return false
}
