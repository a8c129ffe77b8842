package replay

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/andon-project/andon/pkg/analysis"
	"github.com/andon-project/andon/pkg/logs/logql"
	"github.com/andon-project/andon/pkg/source"
)

// check returns what is wrong with the case, with the line in tree.
func (c *Case) check(tree *yaml.Node) error {
	step := time.Duration(c.Step)
	bad := func(path []any, format string, args ...any) error {
		return fmt.Errorf("line %d: %s", line(tree, path...), fmt.Sprintf(format, args...))
	}
	switch {
	case c.Name == "":
		return bad([]any{"name"}, "name is missing")
	case step < time.Second || step > 24*time.Hour:
		return bad([]any{"step"}, "step is %s; it lies between 1s and 1d", c.Step)
	case c.Start.IsZero() || !c.End.After(c.Start):
		return bad([]any{"end"}, "start and end must be given, and end must be after start")
	case len(c.Services) == 0:
		return bad([]any{"services"}, "services is empty")
	case len(c.Rollouts) == 0:
		return bad([]any{"rollouts"}, "rollouts is empty")
	}
	for i, s := range c.Services {
		if err := c.checkService(i, s, bad); err != nil {
			return err
		}
	}
	for i, r := range c.Rollouts {
		if err := c.checkRollout(i, r, bad); err != nil {
			return err
		}
	}
	for i, t := range c.Truth {
		if !slices.ContainsFunc(c.Rollouts, func(r analysis.Rollout) bool { return r.ID == t.Rollout }) {
			return bad([]any{"truth", i, "rollout"}, "truth about rollout %q, which is not one of the rollouts", t.Rollout)
		}
	}
	return nil
}

// A complaint makes an error of what is wrong at a place of the file.
type complaint func(path []any, format string, args ...any) error

func (c *Case) checkService(i int, s analysis.Service, bad complaint) error {
	if s.Name == "" {
		return bad([]any{"services", i, "name"}, "a service without a name")
	}
	if slices.ContainsFunc(c.Services[:i], func(o analysis.Service) bool { return o.Name == s.Name }) {
		return bad([]any{"services", i, "name"}, "a second service %q", s.Name)
	}
	for j, callee := range s.DependsOn {
		if _, known := c.Service(callee); !known || callee == s.Name {
			return bad([]any{"services", i, "depends_on", j}, "service %s depends on %q, which is not another of the services", s.Name, callee)
		}
	}
	if len(s.Signals) == 0 {
		return bad([]any{"services", i, "signals"}, "service %s has no signals", s.Name)
	}
	if !slices.Contains([]analysis.Sensitivity{"", analysis.High, analysis.Medium, analysis.Low}, s.Sensitivity) {
		return bad([]any{"services", i, "sensitivity"}, "sensitivity %q is not one of high, medium, low", s.Sensitivity)
	}
	for j, sig := range s.Signals {
		if err := c.checkSignal(sig, func(key, format string, args ...any) error {
			return bad([]any{"services", i, "signals", j, key}, "service %s, signal %s: %s", s.Name, sig.Name, fmt.Sprintf(format, args...))
		}); err != nil {
			return err
		}
	}
	return nil
}

// checkLogQL checks the query of a signal of logs or crashes: that it is one
// which can be answered from a file.
func checkLogQL(s analysis.Signal, bad func(key, format string, args ...any) error) error {
	for key, expr := range map[string]string{"logs": s.Logs, "crashes": s.Crashes} {
		if expr == "" {
			continue
		}
		q, err := logql.Parse(expr)
		if err == nil {
			_, err = q.Compile()
		}
		if err != nil {
			return bad(key, "%v", err)
		}
	}
	return nil
}

func (c *Case) checkSignal(s analysis.Signal, bad func(key, format string, args ...any) error) error {
	set := 0
	for _, q := range []string{s.Metric, s.Logs, s.Crashes} {
		if q != "" {
			set++
		}
	}
	switch {
	case s.Name == "":
		return bad("name", "name is missing")
	case set != 1:
		return bad("name", "exactly one of metric, logs and crashes is wanted, %d are given", set)
	case !slices.Contains([]analysis.Direction{"", analysis.Higher, analysis.Lower, analysis.Both}, s.Worse):
		return bad("worse", "worse is %q, not one of higher, lower, both", s.Worse)
	case !slices.Contains([]analysis.Kind{"", analysis.Counts, analysis.Crashes, analysis.Failures, analysis.Latency, analysis.Resource, analysis.Memory, analysis.Value}, s.Kind):
		return bad("kind", "kind is %q, not one of counts, crashes, failures, latency, resource, memory, value", s.Kind)
	case s.Metric == "":
		return checkLogQL(s, bad)
	}
	for key, q := range map[string]string{"metric": s.Metric, "per": s.Per} {
		if q == "" {
			continue
		}
		if _, err := source.Resolve(q, nil); err != nil {
			return bad(key, "%v", err)
		}
	}
	return nil
}

var strategies = []analysis.Strategy{analysis.Auto, analysis.Canary, analysis.Rolling, analysis.BlueGreen, analysis.RegionControl, analysis.BeforeAfter, analysis.LoadTest, analysis.Threshold}

func (c *Case) checkRollout(i int, r analysis.Rollout, bad complaint) error {
	_, known := c.Service(r.Service)
	ended := r.Ended
	if ended.IsZero() {
		ended = c.End
	}
	switch {
	case r.ID == "":
		return bad([]any{"rollouts", i, "id"}, "a rollout without an id")
	case slices.ContainsFunc(c.Rollouts[:i], func(o analysis.Rollout) bool { return o.ID == r.ID }):
		return bad([]any{"rollouts", i, "id"}, "a second rollout %q", r.ID)
	case !known:
		return bad([]any{"rollouts", i, "service"}, "rollout %s is of service %q, which is not one of the services", r.ID, r.Service)
	case r.Strategy != "" && !slices.Contains(strategies, r.Strategy):
		return bad([]any{"rollouts", i, "strategy"}, "rollout %s: strategy %q is not one of %s", r.ID, r.Strategy, strings.Trim(fmt.Sprint(strategies), "[]"))
	case r.Started.IsZero():
		return bad([]any{"rollouts", i, "started"}, "rollout %s: started is missing", r.ID)
	case ended.Before(r.Started):
		return bad([]any{"rollouts", i, "ended"}, "rollout %s ended at %s, before it started", r.ID, ended.Format(time.RFC3339))
	// Sub saturates, so that no date is too far.
	case ended.Sub(c.Rollouts[0].Started).Abs()/time.Duration(c.Step) > maxTicks || ended.Sub(r.Started)/time.Duration(c.Step) > maxTicks:
		return bad([]any{"rollouts", i, "ended"}, "rollout %s: the rollouts span more than %d steps of %s", r.ID, maxTicks, c.Step)
	}
	for j := 1; j < len(r.Stages); j++ {
		if r.Stages[j].Before(r.Stages[j-1]) {
			return bad([]any{"rollouts", i, "stages", j}, "rollout %s: stage %d is before the one before it", r.ID, j+1)
		}
	}
	for _, s := range []analysis.Selector{r.Candidate, r.Control} {
		if _, err := source.Resolve("up", s); err != nil {
			return bad([]any{"rollouts", i}, "rollout %s: %v", r.ID, err)
		}
	}
	return nil
}

// line returns the line of what lies at path (keys and indices), or of the
// innermost thing on the way that is there.
func line(n *yaml.Node, path ...any) int {
	if n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		n = n.Content[0]
	}
	for _, p := range path {
		next := child(n, p)
		if next == nil {
			break
		}
		n = next
	}
	return max(n.Line, 1)
}

// child returns the value of a mapping's key or a sequence's index; nil if
// there is none.
func child(n *yaml.Node, p any) *yaml.Node {
	switch p := p.(type) {
	case int:
		if n.Kind == yaml.SequenceNode && p < len(n.Content) {
			return n.Content[p]
		}
	case string:
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == p {
				return n.Content[i+1]
			}
		}
	}
	return nil
}
