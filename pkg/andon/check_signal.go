package andon

import (
	"math"
	"strings"
)

// maxRatio is the maximum of weights and margins; more is a typing error.
const maxRatio = 1e6

// Check returns the problems of a signal of a service with the given node label,
// which is empty if the service has none.
func (s Signal) Check(parse Parsers, node string) []Problem {
	var p problems
	if s.Name == "" {
		p.at("name", "is missing; write the signal's name")
	}
	s.checkQueries(&p, parse, node)
	word(&p, "worse", "direction", s.Worse, Directions)
	word(&p, "kind", "kind", s.Kind, Kinds)
	word(&p, "family", "family", s.Family, Families)
	if s.Kind == Counts && s.Per == "" {
		p.at("kind", "counts needs an exposure; write per: with, for example, the rate of all requests; for events per running time, such as restarts, write kind: crashes")
	}
	s.checkUnit(&p)
	if s.Weight != nil {
		p.ratio("weight", *s.Weight, "write a share such as 0.2, or 0 to show the signal without counting it")
	}
	if s.Critical && s.Weight != nil && *s.Weight == 0 {
		p.at("critical", "contradicts weight: 0, which does not count the signal; leave out one of the two")
	}
	if s.Margin != nil {
		p.ratio("margin", *s.Margin, "write a share such as 0.2 for 20%")
	}
	s.checkBounds(&p)
	return p
}

func (s Signal) checkQueries(p *problems, parse Parsers, node string) {
	var set []string
	for _, q := range []struct{ key, expr string }{{"metric", s.Metric}, {"logs", s.Logs}, {"crashes", s.Crashes}} {
		if strings.TrimSpace(q.expr) != "" {
			set = append(set, q.key)
		}
	}
	switch {
	case len(set) == 0:
		p.at("", "has no query; write metric: with a PromQL query")
	case len(set) > 1:
		p.at("", "has more than one query (%s); keep one, and make a separate signal for each other", strings.Join(set, " and "))
	}
	if s.Per != "" && s.Metric == "" {
		p.at("per", "is the exposure of metric, and metric is not set; leave out per")
	}
	p.promQL("metric", s.Metric, parse, node)
	p.promQL("per", s.Per, parse, node)
	p.logQL("logs", s.Logs, parse)
	p.logQL("crashes", s.Crashes, parse)
}

// checkUnit checks that the unit fits the kind.
func (s Signal) checkUnit(p *problems) {
	unit := strings.ToLower(s.Unit)
	switch {
	case s.Kind == Failures && (isTime(unit) || isBytes(unit)):
		p.at("unit", "%q does not fit the kind failures, which is a share; write ratio or percent, or choose another kind", s.Unit)
	case s.Kind == Latency && (isBytes(unit) || IsRatio(unit)):
		p.at("unit", "%q does not fit the kind latency, which is a time; write s or ms, or choose another kind", s.Unit)
	}
}

func (s Signal) checkBounds(p *problems) {
	if s.Metric == "" && s.Logs+s.Crashes != "" && (s.FailFast != nil || s.Ignore != nil) {
		p.at("", "fail_fast and ignore apply to metric only; leave them out, and give feedback on log lines that are a risk")
	}
	if s.FailFast != nil {
		p.under("fail_fast", s.FailFast.Check())
	}
	if s.Ignore != nil {
		p.under("ignore", s.Ignore.Check())
	}
	if v, both := inBoth(s.FailFast, s.Ignore); both {
		p.at("", "fail_fast and ignore overlap: a value of %v is in both; change one of them", v)
	}
}

// Check returns the problems of a threshold.
func (b Bound) Check() []Problem {
	var p problems
	p.threshold("above", b.Above)
	p.threshold("below", b.Below)
	switch {
	case b.Above == nil && b.Below == nil:
		p.at("", "has no threshold; write above or below")
	case b.Above != nil && b.Below != nil && *b.Above < *b.Below:
		p.at("", "matches every value, since each is above %v or below %v; swap them", *b.Above, *b.Below)
	}
	if b.For < 0 {
		p.at("for", "%s is negative; write for how long without a break, such as 5m", b.For)
	}
	return p
}

// threshold checks that a value, which may be left out, is finite.
func (p *problems) threshold(path string, v *float64) {
	if v != nil && (math.IsNaN(*v) || math.IsInf(*v, 0)) {
		p.at(path, "%v is not a finite number; write one in the signal's unit", *v)
	}
}

// ratio checks that a value is between 0 and maxRatio; hint says what to write.
func (p *problems) ratio(path string, v float64, hint string) {
	switch {
	case math.IsNaN(v):
		p.at(path, "NaN is not a number; %s", hint)
	case v < 0:
		p.at(path, "%v is negative; %s", v, hint)
	case v > maxRatio:
		p.at(path, "%v is above %v; %s", v, maxRatio, hint)
	}
}

// inBoth returns a value that lies in both bounds, if there is one.
func inBoth(a, b *Bound) (v float64, both bool) {
	switch {
	case a == nil || b == nil:
		return 0, false
	case a.Above != nil && b.Above != nil:
		return max(*a.Above, *b.Above) + 1, true
	case a.Below != nil && b.Below != nil:
		return min(*a.Below, *b.Below) - 1, true
	case a.Above != nil && b.Below != nil && *a.Above < *b.Below:
		return (*a.Above + *b.Below) / 2, true
	case a.Below != nil && b.Above != nil && *b.Above < *a.Below:
		return (*a.Below + *b.Above) / 2, true
	}
	return 0, false
}
