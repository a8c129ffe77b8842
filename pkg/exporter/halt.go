package exporter

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/andon-project/andon/pkg/analysis"
	"github.com/andon-project/andon/pkg/board"
	"github.com/andon-project/andon/pkg/delivery"
	"github.com/andon-project/andon/pkg/ledger"
)

// haltTimeout is how long a delivery tool may take to answer.
const haltTimeout = 15 * time.Second

// staleTicks is how many ticks old a snapshot may be to be acted upon.
const staleTicks = 3

// An outcome is what became of one alert of a notification. Alertmanager tries
// again on status 503 and on no other.
type outcome struct {
	Fingerprint string `json:"fingerprint,omitempty"`
	Rollout     string `json:"rollout,omitempty"`
	Status      int    `json:"status"`
	Result      string `json:"result"` // halted, held, observed, refused, resolved, retry, failed, invalid
	Duplicate   bool   `json:"duplicate,omitempty"`
	Says        string `json:"says"`
}

func again(format string, args ...any) outcome {
	return outcome{Status: http.StatusServiceUnavailable, Result: "retry", Says: fmt.Sprintf(format, args...)}
}

// receive takes in one alert about a rollout that is known: it is kept as a
// fact before anything is done about it.
func (e *Exporter) receive(ctx context.Context, n notification) outcome {
	_, err := e.keep(ctx, factReceived, factReceived+"/"+n.key()+"/"+n.Status, n)
	if err != nil {
		return again("not kept: %v", err)
	}
	if n.Status != "firing" {
		return outcome{Status: http.StatusOK, Result: "resolved", Says: "recorded; a resolved alert resumes nothing"}
	}
	// Detached from the request: a halt that was begun is finished even if the
	// caller has gone. Two callers of one rollout get the answer to one halt.
	ctx = context.WithoutCancel(ctx)
	v, _, _ := e.flights.Do(haltID(n.Action, n.Rollout), func() (any, error) { return e.decide(ctx, n), nil })
	return v.(outcome)
}

// decide says whether the rollout is halted now, and halts it.
func (e *Exporter) decide(ctx context.Context, n notification) outcome {
	id := haltID(n.Action, n.Rollout)
	s, now := e.setup.Load(), e.opt.Now()
	if h := e.halts.state(id); h.answered != nil {
		o := settled{factAnswered, *h.answered}.outcome()
		o.Duplicate, o.Says = true, fmt.Sprintf("it was %s before: %s", o.Result, h.answered.Says)
		return o
	}
	// What was only observed is looked at anew once halts are wanted.
	if before, ok := e.halts.settledBy(n.key()); ok && (before.kind != factObserved || s.config.Halt.Mode == Observe) {
		o := before.outcome()
		o.Duplicate = true
		return o
	}
	d := decision{Halt: id, Action: n.Action, Rollout: n.Rollout, Notification: n.key()}
	ro, known := e.board.Load().Get(n.Rollout, now)
	if !known {
		return again("the rollout is not known any more")
	}
	if !ro.Ended.IsZero() && !ro.Ended.After(now) {
		return e.refuse(ctx, d, whyEnded, "the rollout is not under way: it ended or was superseded at "+ro.Ended.UTC().Format(time.RFC3339))
	}
	snap := e.snap.Load()
	j, judged := snap.get(n.Rollout)
	switch {
	case snap == nil:
		return again("nothing has been judged since the start; the first tick is under way")
	case now.Sub(snap.at) > staleTicks*tickTimeout(s.config):
		return again("the last tick is of %s, too old to act upon", snap.at.UTC().Format(time.RFC3339))
	case !judged:
		return again("the rollout has not been judged yet; the next tick will")
	}
	v := j.verdict
	hold := n.Action == delivery.HoldIt
	set, ambiguous := snap.ambiguous(n.Rollout)
	if hold && ambiguous {
		v = set
	}
	switch {
	case hold && s.config.Halt.Ambiguous != HoldAmbiguous:
		return e.refuse(ctx, d, whyPolicy, "halt.ambiguous is nothing: "+v.Reason)
	case hold && ambiguous, !hold && v.Verdict == analysis.Fail:
	case hold && v.Verdict == analysis.Fail:
		return e.refuse(ctx, d, whyVerdict, "it has failed since, and is halted by the alert of that: "+v.Reason)
	case v.Verdict == analysis.Inconclusive && (v.Quality == analysis.SourceError || v.Quality == analysis.Stale):
		return again("the rollout cannot be judged now: %s", v.Reason)
	case hold:
		return e.refuse(ctx, d, whyVerdict, fmt.Sprintf("the verdict is %s and not ambiguous any more: %s", v.Verdict, v.Reason))
	default:
		return e.refuse(ctx, d, whyVerdict, fmt.Sprintf("the verdict is %s, not fail: %s", v.Verdict, v.Reason))
	}
	d.Verdict = &v
	return e.act(ctx, s, j, d)
}

// act does with a rollout that failed, or is ambiguous, what the policy wants.
func (e *Exporter) act(ctx context.Context, s *setup, j judged, d decision) outcome {
	tool := j.service.Tool
	if tool == nil {
		return e.refuse(ctx, d, whyNoTool, fmt.Sprintf("the service %s has no tool in the configuration; halt it by hand", j.rollout.Service))
	}
	d.Tool = tool.Tool
	h := delivery.Halt{ID: d.Halt, Action: cmp.Or(d.Action, delivery.HaltIt), Rollout: j.rollout, Verdict: *d.Verdict, Reason: d.Verdict.Reason}
	plan, _, can := deed(tool, h)
	if !can {
		return e.refuse(ctx, d, whyNoHold, fmt.Sprintf("the tool %s of the service %s can halt and not hold; hold it by hand", tool.Tool, j.rollout.Service))
	}
	if s.config.Halt.Mode != HaltIt {
		d.Why, d.Says = whyObserve, "mode observe; in mode halt this would be asked: "+plan(h)
		return e.settle(ctx, factObserved, d)
	}
	if o, ok := e.ask(ctx, s.config.Halt.Budget, d); !ok {
		return o
	}
	return e.call(ctx, tool, h, d)
}

// deed returns how what h wishes is planned and done with a tool, and whether
// the tool can.
func deed(tool *delivery.Target, h delivery.Halt) (plan func(delivery.Halt) string, do func(context.Context, delivery.Halt) (delivery.Answer, error), can bool) {
	if h.Action != delivery.HoldIt {
		return tool.Halter.Plan, tool.Halter.Halt, true
	}
	holder, can := tool.Halter.(delivery.Holder)
	if !can {
		return nil, nil, false
	}
	return holder.PlanHold, holder.Hold, true
}

// ask keeps that a halt is asked for, if the budget allows; ok says that the
// tool may be called. A halt that was asked for before costs nothing more.
func (e *Exporter) ask(ctx context.Context, budget Budget, d decision) (o outcome, ok bool) {
	e.asking.Lock()
	defer e.asking.Unlock()
	now := e.opt.Now()
	if d.Action != delivery.HoldIt && e.halts.state(d.Halt).asked == nil {
		if n := e.halts.askedSince(now.Add(-budget.Per)); n >= budget.Count {
			e.log.Error("halt budget spent, rollout not halted", "rollout", d.Rollout, "budget", budget)
			return e.refuse(ctx, d, whyBudget, fmt.Sprintf("the budget of %s is spent, %d halts were asked for; halt it by hand if it is right to", budget, n)), false
		}
	}
	d.Says = d.Verdict.Reason
	if _, err := e.keep(ctx, factAsked, factAsked+"/"+d.Halt, d); err != nil {
		return again("not kept, so not asked for: %v", err), false
	}
	return outcome{}, true
}

// call has the tool halt, and keeps what it says.
func (e *Exporter) call(ctx context.Context, tool *delivery.Target, h delivery.Halt, d decision) outcome {
	tctx, cancel := context.WithTimeout(ctx, haltTimeout)
	defer cancel()
	_, do, _ := deed(tool, h)
	answer, err := do(tctx, h)
	d.Verdict = nil // is in the fact that it was asked for
	if err == nil {
		d.Answer, d.Says = &answer, answer.Said
		o := e.settle(ctx, factAnswered, d)
		if o.Status == http.StatusOK {
			count := e.metrics.halts
			if h.Action == delivery.HoldIt {
				count = e.metrics.holds
			}
			count.WithLabelValues(tool.Tool).Inc()
			e.log.Warn("rollout "+o.Result, "rollout", d.Rollout, "tool", d.Tool, "reason", h.Reason, "said", answer.Said)
		}
		return o
	}
	e.metrics.failures.WithLabelValues(tool.Tool).Inc()
	e.log.Error("rollout not halted", "rollout", d.Rollout, "tool", d.Tool, "error", err)
	var refused *delivery.Error
	if !errors.As(err, &refused) || refused.Retry {
		return again("%v", err)
	}
	d.Why, d.Says = whyFailed, err.Error()
	return e.settle(ctx, factHaltFailed, d)
}

// refuse keeps that a rollout is not halted, and why.
func (e *Exporter) refuse(ctx context.Context, d decision, why reason, says string) outcome {
	d.Why, d.Says = why, says
	e.log.Info("rollout not halted", "rollout", d.Rollout, "why", why, "says", says)
	return e.settle(ctx, factRefused, d)
}

// settle keeps a decision as a fact and answers with it.
func (e *Exporter) settle(ctx context.Context, kind string, d decision) outcome {
	key := kind + "/" + d.Halt
	if kind != factAnswered {
		key += "/" + d.Notification + "/" + string(d.Why)
	}
	first, err := e.keep(ctx, kind, key, d)
	if err != nil {
		return again("not kept: %v", err)
	}
	if first && d.Why != "" {
		e.metrics.withheld.WithLabelValues(string(d.Why)).Inc()
	}
	return settled{kind, d}.outcome()
}

func (s settled) outcome() outcome {
	o := outcome{Status: http.StatusOK, Says: s.Says}
	switch s.kind {
	case factAnswered:
		o.Result = "halted"
		if s.Action == delivery.HoldIt {
			o.Result = "held"
		}
	case factObserved:
		o.Result = "observed"
	case factRefused:
		o.Result = "refused"
	case factHaltFailed:
		o.Status, o.Result = http.StatusUnprocessableEntity, "failed"
	}
	return o
}

// keep appends a fact and takes it into the state that is folded from facts.
func (e *Exporter) keep(ctx context.Context, kind, key string, data any) (first bool, err error) {
	body, err := json.Marshal(data)
	if err != nil {
		return false, err
	}
	f := ledger.Fact{Key: key, Kind: kind, At: e.opt.Now(), Data: body}
	if first, err = e.ledger.Append(ctx, f); err != nil {
		return false, err
	}
	return first, e.halts.fold(f)
}

// drive asks again for the halts that were asked for and not answered: this
// process, or the one before it, died or the tool did not answer. The tool gets
// the same id as before, so that what was in fact done is not done twice.
func (e *Exporter) drive(ctx context.Context) {
	for _, d := range e.halts.open() {
		if _, already := e.driving.LoadOrStore(d.Halt, true); already {
			continue
		}
		e.background.Go(func() {
			defer e.driving.Delete(d.Halt)
			e.flights.Do(d.Halt, func() (any, error) { return e.driveOne(ctx, d), nil })
		})
	}
}

func (e *Exporter) driveOne(ctx context.Context, d decision) outcome {
	if h := e.halts.state(d.Halt); h.answered != nil {
		return settled{factAnswered, *h.answered}.outcome()
	} else if h.failed != nil {
		return settled{factHaltFailed, *h.failed}.outcome()
	}
	s, now := e.setup.Load(), e.opt.Now()
	ro, known := e.board.Load().Get(d.Rollout, now)
	svc, _ := s.config.service(ro.Service)
	switch {
	case s.config.Halt.Mode != HaltIt:
		return again("mode observe: a halt that was asked for in mode halt waits")
	case !known || d.Verdict == nil || svc.Tool == nil:
		return again("the service %s has no tool in the configuration any more", ro.Service)
	case !ro.Ended.IsZero() && !ro.Ended.After(now):
		d.Verdict = nil
		d.Why, d.Says = whyEnded, "the rollout ended before the tool answered"
		return e.settle(ctx, factHaltFailed, d)
	}
	ro = board.WithCohorts(ro, svc.Version)
	h := delivery.Halt{ID: d.Halt, Action: cmp.Or(d.Action, delivery.HaltIt), Rollout: ro, Verdict: *d.Verdict, Reason: d.Verdict.Reason}
	if _, _, can := deed(svc.Tool, h); !can {
		return again("the tool of the service %s cannot hold any more", ro.Service)
	}
	return e.call(ctx, svc.Tool, h, d)
}
