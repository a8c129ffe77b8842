package preflight

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
)

// A sourcesExam decides a CompletenessCheck.
type sourcesExam struct {
	check      andon.CompletenessCheck
	minSources float64 // NaN: what was there before

	had     map[string]bool // before, with By
	hadN    float64         // before; NaN if not known
	nowN    float64
	missing []string
	short   int // bins in a row with too few
	lastAt  time.Time
	bins    int // since lastAt
}

func newSourcesExam(check andon.CompletenessCheck) (*sourcesExam, error) {
	e := &sourcesExam{check: check, minSources: math.NaN(), hadN: math.NaN(), nowN: math.NaN()}
	if check.AtLeast == "" || check.AtLeast == andon.Previous {
		return e, nil
	}
	v, err := strconv.ParseFloat(check.AtLeast, 64)
	if err != nil || math.IsNaN(v) {
		return e, fmt.Errorf("at_least is %q; write a number, or %s", check.AtLeast, andon.Previous)
	}
	e.minSources = v
	return e, nil
}

// count returns how many sources are there, and with By which; NaN if that
// cannot be told.
func (e *sourcesExam) count(now []presentSeries) (float64, map[string]bool) {
	switch {
	case len(now) == 0:
		return math.NaN(), nil
	case e.check.By == "" && len(now) == 1:
		return now[0].v, nil
	case e.check.By == "":
		return math.NaN(), nil
	}
	names := map[string]bool{}
	for _, p := range now {
		if v := string(p.labels[model.LabelName(e.check.By)]); v != "" {
			names[v] = true
		}
	}
	if len(names) == 0 {
		return math.NaN(), nil
	}
	return float64(len(names)), names
}

func (e *sourcesExam) before(now []presentSeries) {
	if n, names := e.count(now); deviation.Known(n) {
		e.hadN, e.had = n, names
	}
}

func (e *sourcesExam) needs() float64 {
	if deviation.Known(e.minSources) {
		return e.minSources
	}
	return e.hadN
}

func (e *sourcesExam) effect() float64 { return e.nowN - e.needs() }

// look fails at the second bin in a row with too few sources, for one may be a
// scrape that was missed.
func (e *sourcesExam) look(l observation) (outcome, string) {
	n, names := e.count(l.now)
	e.bins++
	if len(l.now) > 0 && !deviation.Known(n) {
		return e.unless(l, e.unreadable(len(l.now)))
	}
	if !deviation.Known(e.needs()) {
		return e.unless(l, "it is not known how many sources there were before the rollout started, so none can be missed")
	}
	if deviation.Known(n) {
		e.nowN, e.lastAt, e.bins = n, l.at, 0
		e.missing = e.missing[:0]
		for _, name := range andon.SortedKeys(e.had) {
			if !names[name] {
				e.missing = append(e.missing, name)
			}
		}
		if e.short++; n >= e.needs() {
			e.short = 0
		}
	}
	switch {
	case !deviation.Known(e.nowN):
		return e.unless(l, fmt.Sprintf("no number of sources since the rollout started; needs %s", amount(e.needs())))
	case e.short >= 2 || e.short > 0 && l.over:
		return checkFailed, fmt.Sprintf("%s at %s, needs %s%s", sources(e.nowN), stamped(e.lastAt), amount(e.needs()), e.names())
	case !l.over:
		return checkPending, fmt.Sprintf("%s so far, needs %s", sources(e.nowN), amount(e.needs()))
	case e.bins > preflightStale:
		return checkUndecided, fmt.Sprintf("no number of sources since %s", stamped(e.lastAt))
	}
	return checkPassed, fmt.Sprintf("%s, needs %s", sources(e.nowN), amount(e.needs()))
}

// unless returns why the check is not decided: for good if its time is over.
func (e *sourcesExam) unless(l observation, why string) (outcome, string) {
	if l.over {
		return checkUndecided, why
	}
	return checkPending, why
}

func (e *sourcesExam) unreadable(series int) string {
	if e.check.By != "" {
		return fmt.Sprintf("no series has the label %s; keep it in the query", e.check.By)
	}
	return fmt.Sprintf("the query answers with %d series, expected 1 whose value is the number of sources; sum them, or set by to the label to count", series)
}

func (e *sourcesExam) names() string {
	if len(e.missing) == 0 {
		return ""
	}
	return fmt.Sprintf("; missing %s: %s", e.check.By, listed(e.missing))
}

// amount writes a number of things.
func amount(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func sources(n float64) string {
	if n == 1 {
		return "1 source"
	}
	return amount(n) + " sources"
}

// A scopeExam decides a ScopeCheck.
type scopeExam struct {
	check           andon.ScopeCheck
	changesAllNodes func(andon.Rollout) bool
	touched         []string
}

func (e *scopeExam) before([]presentSeries) {}

func (e *scopeExam) effect() float64 {
	if len(e.touched) == 0 {
		return math.NaN()
	}
	return float64(len(e.touched) - e.check.AtMost)
}

// look counts what was announced and what is seen, together.
func (e *scopeExam) look(l observation) (outcome, string) {
	add := func(v string) {
		if v != "" && !slices.Contains(e.touched, v) {
			e.touched = append(e.touched, v)
		}
	}
	for _, v := range separated(l.rollout.Scope[e.check.Of]) {
		add(v)
	}
	for _, p := range l.now {
		add(string(p.labels[model.LabelName(e.check.Of)]))
	}
	slices.Sort(e.touched)
	all := ""
	if e.changesAllNodes(l.rollout) {
		all = "; all nodes change at once, without a stage and without old nodes to compare with"
	}
	switch n := len(e.touched); {
	case n > e.check.AtMost:
		return checkFailed, fmt.Sprintf("changes %d values of %s at once (%s), at most %d allowed%s", n, e.check.Of, listed(e.touched), e.check.AtMost, all)
	case e.check.Metric != "" && !l.over:
		return checkPending, fmt.Sprintf("changes %s of %s so far, at most %d allowed%s", andon.Plural(float64(n), "value"), e.check.Of, e.check.AtMost, all)
	case n == 0:
		return checkUndecided, fmt.Sprintf("neither the rollout's scope nor a series says which %s changes%s", e.check.Of, all)
	}
	return checkPassed, fmt.Sprintf("changes %s of %s (%s), at most %d allowed%s", andon.Plural(float64(len(e.touched)), "value"), e.check.Of, listed(e.touched), e.check.AtMost, all)
}
