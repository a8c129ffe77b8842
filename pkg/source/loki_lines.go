package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
)

// minPage is the minimum size of a page, in lines, where a server refuses larger
// ones.
const minPage = 100

// Lines answers a log query; it is an andon.LinesFunc. The answer is read
// page by page, forward in time; lines that share a timestamp with the last
// one of a page are neither lost nor doubled. Refusals are *Error.
func (l *Loki) Lines(ctx context.Context, expr string, r andon.Range) iter.Seq2[andon.Line, error] {
	return func(yield func(andon.Line, error) bool) {
		p := pager{q: l.question(expr), expr: expr, from: r.Start, end: r.End}
		for !p.done {
			lines, err := p.next(ctx)
			if err != nil {
				yield(andon.Line{}, err)
				return
			}
			for _, line := range lines {
				if !yield(line, nil) {
					return
				}
			}
		}
	}
}

// A pager reads the lines of a range page by page.
type pager struct {
	q         *question
	expr      string
	from, end time.Time      // yet to be read, both included
	seen      map[string]int // lines at from that were read before
	more      int64          // lines of a page, if more share a timestamp than a page has
	done      bool
}

// next returns the lines of the next page.
func (p *pager) next(ctx context.Context) ([]andon.Line, error) {
	until := p.end
	if span := time.Duration(p.q.l.span.Load()); span > 0 && until.Sub(p.from) > span {
		until = p.from.Add(span)
	}
	limit := max(p.more, p.q.l.page.Load())
	v := url.Values{
		"query": {p.expr}, "direction": {"forward"}, "limit": {strconv.FormatInt(limit, 10)},
		"start": {nanos(p.from)}, "end": {nanos(until.Add(time.Nanosecond))}, // Loki leaves out its end
	}
	var data struct {
		ResultType string `json:"resultType"`
		Result     []struct {
			Stream map[string]string `json:"stream"`
			Values [][]any           `json:"values"`
		} `json:"result"`
	}
	if err := p.q.ask(ctx, "query_range", v, &data); err != nil {
		if p.adapt(err, limit, until.Sub(p.from)) {
			return nil, nil
		}
		return nil, err
	}
	if data.ResultType != "streams" && data.ResultType != "" {
		return nil, badQuery(p.expr, fmt.Errorf("the answer is a %s, not log lines", data.ResultType), "write a log query, without functions such as rate")
	}
	var all []andon.Line
	for _, s := range data.Result {
		for _, v := range s.Values {
			line, err := lineOf(s.Stream, v)
			if err != nil {
				return nil, &Error{Kind: NotSource, Query: p.expr, URL: public(p.q.l.base), Err: err, Hint: "check the URL: this is not the HTTP API of Loki"}
			}
			all = append(all, line)
		}
	}
	slices.SortStableFunc(all, func(a, b andon.Line) int { return a.At.Compare(b.At) })
	return p.advance(all, until, limit), nil
}

// lineOf reads one entry: its time in nanoseconds, its text, and perhaps more.
func lineOf(stream map[string]string, v []any) (andon.Line, error) {
	if len(v) < 2 {
		return andon.Line{}, errors.New("a log entry has no time or no text")
	}
	ts, ok := v[0].(string)
	text, isText := v[1].(string)
	ns, err := strconv.ParseInt(ts, 10, 64)
	if !ok || !isText || err != nil {
		return andon.Line{}, errors.New("the time or text of a log entry cannot be read")
	}
	return andon.Line{At: time.Unix(0, ns).UTC(), Labels: stream, Text: text}, nil
}

// advance moves past a page, and returns its new lines.
func (p *pager) advance(all []andon.Line, until time.Time, limit int64) []andon.Line {
	full := int64(len(all)) >= limit
	out := make([]andon.Line, 0, len(all))
	again := maps.Clone(p.seen)
	for _, line := range all {
		if k := keyOf(line); line.At.Equal(p.from) && again[k] > 0 {
			again[k]--
			continue
		}
		out = append(out, line)
	}
	if !full {
		p.more, p.seen = 0, nil
		p.from = until.Add(time.Nanosecond)
		p.done = p.from.After(p.end)
		return out
	}
	last := all[len(all)-1].At
	if last.Equal(p.from) && len(out) == 0 {
		// A page full of lines of one time that were all read: request a larger page.
		p.more = limit * 2
		return nil
	}
	if !last.Equal(p.from) || p.seen == nil {
		p.seen, p.more = map[string]int{}, 0
	}
	for _, line := range out {
		if line.At.Equal(last) {
			p.seen[keyOf(line)]++
		}
	}
	p.from = last
	return out
}

// keyOf returns a key that is different for different lines of one time.
func keyOf(l andon.Line) string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(l.Labels)) {
		b.WriteString(k + "\x00" + l.Labels[k] + "\x00")
	}
	b.WriteString("\x01" + l.Text)
	return b.String()
}

var (
	entriesLimit = regexp.MustCompile(`limit > max_entries_limit(?:_per_query)? \(\d+ > (\d+)\)`)
	spanLimit    = regexp.MustCompile(`query (?:time range|length) exceeds .*limit: ([0-9a-z]+)`)
)

// adapt reports whether the server refused because of its limits and the next try
// respects them; it lowers page or span so that it does.
func (p *pager) adapt(err error, limit int64, span time.Duration) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Err == nil {
		return false
	}
	answer := e.Err.Error()
	if m := entriesLimit.FindStringSubmatch(answer); m != nil {
		maxLines, err := strconv.ParseInt(m[1], 10, 64)
		if err != nil || maxLines < 1 || maxLines >= limit {
			return false
		}
		if p.more > maxLines { // as many lines share a timestamp as the server returns at all
			p.q.l.warn(p.expr, fmt.Sprintf("more than %d lines have the time %s; the others are left out", maxLines, p.from.Format(time.RFC3339Nano)))
			p.from, p.seen, p.more = p.from.Add(time.Nanosecond), nil, 0
			p.done = p.from.After(p.end)
			return true
		}
		p.q.l.page.Store(maxLines)
		return true
	}
	if m := spanLimit.FindStringSubmatch(answer); m != nil {
		if d, err := parseSpan(m[1]); err == nil && d > time.Second && d < span {
			p.q.l.span.Store(int64(d - time.Second))
			return true
		}
	}
	if e.Kind == TooLarge && limit > minPage && strings.Contains(answer, "received message larger") {
		p.q.l.page.Store(max(minPage, limit/2))
		return true
	}
	return false
}

// parseSpan reads a duration as Loki writes it in its errors: 30d1h or 721h0m0s.
func parseSpan(s string) (time.Duration, error) {
	if d, err := time.ParseDuration(s); err == nil {
		return d, nil
	}
	d, err := model.ParseDuration(s)
	return time.Duration(d), err
}

func (l *Loki) warn(query, text string) {
	if l.config.Warn != nil {
		l.config.Warn(query, []string{text})
	}
}

// Metric answers a LogQL metric query; it is an andon.RangeFunc. A range of
// one point is queried at exactly that time; for others Loki may move the times
// to multiples of the step.
func (l *Loki) Metric(ctx context.Context, expr string, r andon.Range) (model.Matrix, error) {
	if r.Step <= 0 {
		return nil, badQuery(expr, fmt.Errorf("the step is %v", r.Step), "use a step above zero")
	}
	q := l.question(expr)
	var merged merger
	for start := r.Start; ; {
		end := start.Add((maxPoints - 1) * r.Step)
		if end.After(r.End) {
			end = r.End
		}
		if span := time.Duration(l.span.Load()); span > 0 && end.Sub(start) > span {
			end = start.Add(span.Truncate(r.Step))
		}
		m, err := q.metric(ctx, andon.Range{Start: start, End: end, Step: r.Step})
		if err != nil {
			p := pager{q: q, expr: expr}
			if p.adapt(err, 0, end.Sub(start)) {
				continue
			}
			return nil, err
		}
		merged.add(m)
		start = end.Add(r.Step)
		if start.After(r.End) {
			slices.SortFunc(merged.matrix, func(a, b *model.SampleStream) int {
				return cmp.Compare(a.Metric.String(), b.Metric.String())
			})
			return merged.matrix, nil
		}
	}
}

// metric sends one metric query.
func (q *question) metric(ctx context.Context, r andon.Range) (model.Matrix, error) {
	if r.Start.Equal(r.End) {
		var data struct {
			Result model.Vector `json:"result"`
		}
		if err := q.ask(ctx, "query", url.Values{"query": {q.query}, "time": {nanos(r.Start)}}, &data); err != nil {
			return nil, err
		}
		m := make(model.Matrix, len(data.Result))
		for i, s := range data.Result {
			m[i] = &model.SampleStream{Metric: s.Metric, Values: []model.SamplePair{{Timestamp: s.Timestamp, Value: s.Value}}}
		}
		return m, nil
	}
	var data struct {
		ResultType string       `json:"resultType"`
		Result     model.Matrix `json:"result"`
	}
	v := url.Values{"query": {q.query}, "start": {nanos(r.Start)}, "end": {nanos(r.End)}, "step": {strconv.FormatFloat(r.Step.Seconds(), 'f', -1, 64)}}
	if err := q.ask(ctx, "query_range", v, &data); err != nil {
		return nil, err
	}
	return data.Result, nil
}
