package replay

import (
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/logs/logql"
	"github.com/andon-project/andon/pkg/source"
	"github.com/andon-project/andon/pkg/strict"
)

// parsers check queries that are to be answered from files.
var parsers = andon.Parsers{PromQL: source.CheckPromQL, LogQL: checkLogQL}

// checkLogQL returns what is wrong with a log query, or why it cannot be answered
// from a file.
func checkLogQL(expr string) error {
	if err := source.CheckLogQL(expr); err != nil {
		return err
	}
	q, err := logql.Parse(expr)
	if err == nil {
		_, err = q.Compile()
	}
	return err
}

// check adds the problems of a case to d. Its form has been checked already.
func (c *Case) check(d *strict.Document) {
	if c.Name == "" {
		d.At("name", "is missing; write the case's name")
	}
	if !d.Has("step") {
		d.At("step", "is missing; write the time between samples, such as 1m")
	} else if c.Step < model.Duration(time.Second) || c.Step > model.Duration(24*time.Hour) {
		d.At("step", "%s is not between 1s and 1d; 1m is usual", c.Step)
	}
	if c.Start.IsZero() {
		d.At("start", "is missing; write when the data begin, such as 2026-03-01T12:00:00Z")
	}
	if c.End.IsZero() {
		d.At("end", "is missing; write when the data end, such as 2026-03-01T13:00:00Z")
	} else if !c.End.After(c.Start) {
		d.At("end", "%s is not after start (%s); write when the data end", c.End.Format(time.RFC3339), c.Start.Format(time.RFC3339))
	}
	if len(c.Services) == 0 {
		d.At("services", "is missing; write at least one service with its signals")
	}
	d.Under("services", andon.CheckServices(c.Services, parsers))
	if len(c.Rollouts) == 0 {
		d.At("rollouts", "is missing; write at least one rollout")
	}
	for i, r := range c.Rollouts {
		at := fmt.Sprintf("rollouts[%d]", i)
		d.Under(at, r.Check(time.Time{}))
		c.checkRollout(d, at, c.Rollouts[:i], r)
	}
	for i, t := range c.Truth {
		if !slices.ContainsFunc(c.Rollouts, func(r andon.Rollout) bool { return r.ID == t.Rollout }) {
			d.At(fmt.Sprintf("truth[%d].rollout", i), "%q is not the id of a rollout; %s", t.Rollout, andon.Suggest(t.Rollout, idsOf(c.Rollouts)))
		}
	}
}

// checkRollout adds the problems of a rollout in this case; earlier are the rollouts
// listed before it.
func (c *Case) checkRollout(d *strict.Document, at string, earlier []andon.Rollout, r andon.Rollout) {
	if first := slices.IndexFunc(earlier, func(o andon.Rollout) bool { return o.ID == r.ID }); first >= 0 && r.ID != "" {
		d.At(at+".id", "%q is the id of rollouts[%d] already; give each rollout an id of its own", r.ID, first)
	}
	if _, known := c.Service(r.Service); r.Service != "" && !known {
		d.At(at+".service", "%q is not the name of a service; %s", r.Service, andon.Suggest(r.Service, namesOf(c.Services)))
	}
	ended := r.Ended
	if ended.IsZero() {
		ended = c.End
		if ended.Before(r.Started) {
			d.At(at+".started", "%s is after the end of the data (%s)", r.Started.Format(time.RFC3339), ended.Format(time.RFC3339))
		}
	}
	// Sub saturates, so that no date overflows.
	step := time.Duration(c.Step)
	if step > 0 && (ended.Sub(c.Rollouts[0].Started).Abs()/step > maxTicks || ended.Sub(r.Started)/step > maxTicks) {
		d.At(at+".ended", "the rollouts span more than %d steps of %s; check the dates", maxTicks, c.Step)
	}
}

func namesOf(services []andon.Service) []string {
	names := make([]string, len(services))
	for i, s := range services {
		names[i] = s.Name
	}
	return names
}

func idsOf(rollouts []andon.Rollout) []string {
	ids := make([]string, len(rollouts))
	for i, r := range rollouts {
		ids[i] = r.ID
	}
	return ids
}
