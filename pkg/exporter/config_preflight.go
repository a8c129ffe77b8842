package exporter

import (
	"fmt"
	"strconv"
	"time"

	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/analysis"
)

// longestPreflight is how long a pre-flight check may look.
const longestPreflight = 24 * time.Hour

// checkPreflight checks the pre-flight checks of a service; names holds the
// names of its signals.
func checkPreflight(s Service, path string, names map[string]int, f *filler) {
	called := make(map[string]int)
	for i, p := range s.Preflight {
		at := fmt.Sprintf("%s.preflight[%d]", path, i)
		set := 0
		for _, is := range []bool{p.Version != nil, p.Completeness != nil, p.Scope != nil} {
			if is {
				set++
			}
		}
		if set != 1 {
			f.at(at, "has %d checks; write one of version, completeness and scope in each entry", set)
			continue
		}
		name := p.Called()
		if first, twice := called[name]; twice {
			f.at(at, "is called %q as preflight[%d] is; give one of them a name", name, first)
		}
		called[name] = i
		if _, taken := names[name]; taken {
			f.at(at+".name", "%q is the name of a signal; choose another", name)
		}
		switch {
		case p.Version != nil:
			checkVersionCheck(*p.Version, s, at+".version", f)
		case p.Completeness != nil:
			checkCompleteness(*p.Completeness, at+".completeness", f)
		case p.Scope != nil:
			checkScope(*p.Scope, at+".scope", f)
		}
	}
}

func checkVersionCheck(v analysis.VersionCheck, s Service, path string, f *filler) {
	label := v.Label
	if label == "" {
		label = s.Version
	}
	if label == "" {
		f.at(path+".label", "is missing, and the service has no version; write the label that names the version")
	}
	checkLabel(v.Label, path+".label", f)
	checkNeeded(v.Metric, path+".metric", label, f)
	checkWithin(v.Within, path+".within", f)
}

func checkCompleteness(c analysis.CompletenessCheck, path string, f *filler) {
	checkLabel(c.By, path+".by", f)
	checkNeeded(c.Metric, path+".metric", c.By, f)
	checkWithin(c.Within, path+".within", f)
	if n, err := strconv.ParseFloat(c.AtLeast, 64); c.AtLeast != "" && c.AtLeast != analysis.Previous && (err != nil || !(n >= 1 && n <= 1e9)) {
		f.at(path+".at_least", "%q is not a number of sources; write 1 or more, or %s for as many as before the rollout", c.AtLeast, analysis.Previous)
	}
}

func checkScope(c analysis.ScopeCheck, path string, f *filler) {
	if c.AtMost < 1 {
		f.at(path+".at_most", "%d lets nothing be changed; write 1 or more", c.AtMost)
	}
	if c.Of == "" {
		f.at(path+".of", "is missing; write the key of the rollouts' scope to count, such as region")
	}
	if c.Metric != "" {
		checkLabel(c.Of, path+".of", f)
		checkNeeded(c.Metric, path+".metric", c.Of, f)
	}
	checkWithin(c.Within, path+".within", f)
}

// checkNeeded checks a query that has to be there and keeps a label.
func checkNeeded(expr, path, label string, f *filler) {
	if expr == "" {
		f.at(path, "is missing; write a PromQL query")
		return
	}
	e, err := promQL.ParseExpr(expr)
	if err == nil && label != "" {
		if agg := sumsAway(e, label); agg != nil {
			f.at(path, "sums the label %s away, which the check looks at; write %s by (%s) (…)", label, agg.Op, label)
			return
		}
	}
	checkQuery(expr, path, "", f)
}

func checkWithin(d model.Duration, path string, f *filler) {
	if d != 0 && (d < model.Duration(time.Second) || d > model.Duration(longestPreflight)) {
		f.at(path, "%s is not between 1s and 1d; 10m is usual", d)
	}
}
