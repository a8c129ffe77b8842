package exporter

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/config"
)

const (
	callsEvery  = 5 * time.Minute  // between two runs of a query
	callsAgain  = time.Minute      // after it failed
	callsKeep   = 24 * time.Hour   // that a call counts after it was last seen; the first query goes back as far
	callsCoarse = 30 * time.Minute // step of a query over more than an hour
	maxCalls    = 10_000           // pairs of services of one query
)

// calls hold which service calls which, as queries show it. The zero value holds
// none. They are safe for concurrent use.
type calls struct {
	mu      sync.Mutex
	queries map[andon.CallQuery]*queryCalls
	config  *config.Config                 // for which all and known were made
	all     andon.Edges                    // nil or old after a change
	known   map[string]*andon.Dependencies // by service, the same
}

// queryCalls are the calls that one query showed.
type queryCalls struct {
	requested, answered time.Time // zero if never
	last                map[callPair]time.Time
	over                int    // calls beyond maxCalls in the newest answer
	failed              string // why the last query failed; "" if it did not
}

// A callPair is two services of which one calls the other.
type callPair struct{ caller, callee string }

// read runs the queries that are due. The calls of a query that fails are kept.
func (k *calls) read(ctx context.Context, s *setup, now time.Time, log hclog.Logger) {
	k.forget(s.config)
	for _, q := range s.config.Dependencies {
		seen, r, due := k.next(q, now)
		if !due {
			continue
		}
		answer, err := s.metrics(ctx, q.Query, r)
		var found map[callPair]time.Time
		if err == nil {
			found, err = callsIn(answer, q, s.config, log)
		}
		k.mu.Lock()
		if err != nil && seen.failed == "" {
			log.Warn("query for service dependencies failed; Andon keeps the calls that it knows", "query", q.Query, "error", err)
		}
		seen.accept(found, err, now)
		k.known = nil
		k.mu.Unlock()
	}
}

// forget drops the calls of queries that are no longer configured.
func (k *calls) forget(c *config.Config) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for q := range k.queries {
		if !slices.Contains(c.Dependencies, q) {
			delete(k.queries, q)
		}
	}
}

// next returns the calls of a query, the range to query next, and whether that is
// due.
func (k *calls) next(q andon.CallQuery, now time.Time) (*queryCalls, andon.Range, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.queries == nil {
		k.queries = map[andon.CallQuery]*queryCalls{}
	}
	seen := k.queries[q]
	if seen == nil {
		seen = &queryCalls{last: map[callPair]time.Time{}}
		k.queries[q] = seen
	}
	return seen, seen.next(now), seen.due(now)
}

// due reports whether it is time for the next query.
func (s *queryCalls) due(now time.Time) bool {
	every := callsEvery
	if s.failed != "" {
		every = callsAgain
	}
	return s.requested.IsZero() || now.Sub(s.requested) >= every || now.Before(s.requested)
}

// next returns the range to query: since the last answer, a day at most.
func (s *queryCalls) next(now time.Time) andon.Range {
	r := andon.Range{Start: s.answered, Step: callsEvery}
	if now.Sub(s.answered) > time.Hour {
		r.Step = callsCoarse
	}
	r.End = now.Truncate(time.Minute)
	r.Start = r.End.Add(-min(callsKeep, max(0, r.End.Sub(s.answered).Truncate(r.Step))))
	return r
}

// accept records an answer or an error, and drops calls that were not seen for
// long.
func (s *queryCalls) accept(found map[callPair]time.Time, err error, now time.Time) {
	s.requested, s.failed = now, ""
	if err != nil {
		s.failed = err.Error()
		return
	}
	s.answered = now
	for c, at := range s.last {
		if now.Sub(at) > callsKeep {
			delete(s.last, c)
		}
	}
	s.over = 0
	for c, at := range found {
		if _, known := s.last[c]; !known && len(s.last) >= maxCalls {
			s.over++
			continue
		}
		s.last[c] = at
	}
}

// callsIn returns the pairs of configured services in the answer to a query,
// with the time when each was last seen. Others are ignored. The error says that
// the answer lacks the labels of caller and callee.
func callsIn(answer model.Matrix, q andon.CallQuery, c *config.Config, log hclog.Logger) (map[callPair]time.Time, error) {
	out := map[callPair]time.Time{}
	named := make(map[string]bool, len(c.Services))
	for _, s := range c.Services {
		named[s.Name] = true
	}
	missing, strange, example := map[string]int{}, 0, callPair{}
	for _, series := range answer {
		for _, label := range []string{q.Caller, q.Callee} {
			if series.Metric[model.LabelName(label)] == "" {
				missing[label]++
			}
		}
		pair := callPair{string(series.Metric[model.LabelName(q.Caller)]), string(series.Metric[model.LabelName(q.Callee)])}
		at, seen := lastAbove(series, 0)
		switch {
		case !seen || pair.caller == pair.callee:
		case !named[pair.caller] || !named[pair.callee]:
			strange, example = strange+1, pair
		case at.After(out[pair]):
			out[pair] = at
		}
	}
	for _, label := range []string{q.Caller, q.Callee} {
		if n := len(answer); n > 0 && missing[label] == n {
			return nil, fmt.Errorf("no series in the answer has the label %s; check which labels the metric has, and keep %s and %s in the query", label, q.Caller, q.Callee)
		}
	}
	if strange > 0 {
		log.Debug("calls of services that are not configured are ignored", "query", q.Query, "calls", strange, "example", example.caller+" calls "+example.callee)
	}
	return out, nil
}

// lastAbove returns the time of the last sample above a bound, and whether
// there is one.
func lastAbove(s *model.SampleStream, bound float64) (time.Time, bool) {
	for i := len(s.Values) - 1; i >= 0; i-- {
		if float64(s.Values[i].Value) > bound {
			return s.Values[i].Timestamp.Time().UTC(), true
		}
	}
	return time.Time{}, false
}

// dependencies returns the services that a service calls, by the configuration
// and by queries; nil without queries.
func (k *calls) dependencies(c *config.Config, service string) *andon.Dependencies {
	if len(c.Dependencies) == 0 {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.known == nil || k.config != c {
		k.known, k.config, k.all = map[string]*andon.Dependencies{}, c, k.edges(c)
	}
	if d := k.known[service]; d != nil {
		return d
	}
	d := &andon.Dependencies{Calls: k.all.Calls(service), Notice: k.notice(c)}
	if d.Calls == nil {
		d.Calls = []andon.Call{} // [] on the wire, not null
	}
	k.known[service] = d
	return d
}

// edges returns all calls; the caller holds mu.
func (k *calls) edges(c *config.Config) andon.Edges {
	all := andon.Edges{}
	for caller, callees := range c.Calls {
		for callee, from := range callees {
			all.Add(caller, callee, from)
		}
	}
	for _, q := range c.Dependencies {
		if seen := k.queries[q]; seen != nil {
			for pair := range seen.last {
				all.Add(pair.caller, pair.callee, q.Query)
			}
		}
	}
	return all
}

// notice says which queries did not show all calls; the caller holds mu.
func (k *calls) notice(c *config.Config) string {
	var out []string
	for _, q := range c.Dependencies {
		switch seen := k.queries[q]; {
		case seen == nil || seen.requested.IsZero():
			out = append(out, fmt.Sprintf("the query %s has not run yet", q.Query))
		case seen.failed != "" && seen.answered.IsZero():
			out = append(out, fmt.Sprintf("the query %s has failed so far: %s", q.Query, seen.failed))
		case seen.failed != "":
			out = append(out, fmt.Sprintf("the query %s fails, so its calls are as of %s: %s", q.Query, seen.answered.UTC().Format(time.RFC3339), seen.failed))
		case seen.over > 0:
			out = append(out, fmt.Sprintf("the query %s shows %d more calls than the maximum of %d", q.Query, seen.over, maxCalls))
		}
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), "; ")
}
