package exporter

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/sync/singleflight"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/board"
	"github.com/andon-project/andon/pkg/config"
	"github.com/andon-project/andon/pkg/delivery"
)

// haltTimeout is how long a delivery tool may take to answer.
const haltTimeout = 15 * time.Second

// staleTicks is how many ticks old a snapshot may be to be acted upon.
const staleTicks = 3

// A halter decides about alerts that request to halt or hold a rollout, and has
// the delivery tool do it: once, however many alerts there are. It is safe for
// concurrent use.
type halter struct {
	settings  *settings
	rollouts  *rollouts
	snapshots *snapshots
	facts     *facts
	halts     *halts
	counts    *metrics
	now       func() time.Time
	log       hclog.Logger

	inFlight   singleflight.Group // by id: one halt at a time
	budgetLock sync.Mutex         // makes looking at the budget and taking from it one step

	background sync.WaitGroup // halts that are driven again
	driving    sync.Map       // their ids
}

// receive handles one alert about a known rollout. It records the alert as a
// fact before it does anything else.
func (h *halter) receive(ctx context.Context, n notification) alertResult {
	_, err := h.keep(ctx, factReceived, factReceived+"/"+n.key()+"/"+n.Status, n)
	if err != nil {
		return retryLater("not stored: %v", err)
	}
	if n.Status != "firing" {
		return alertResult{Status: http.StatusOK, Result: "resolved", Text: "recorded; a resolved alert does not resume a rollout"}
	}
	// Detached from the request: a halt that was begun is finished even if the
	// caller has gone. Two callers of one rollout get the answer to one halt.
	ctx = context.WithoutCancel(ctx)
	v, _, _ := h.inFlight.Do(haltID(n.Action, n.Rollout), func() (any, error) { return h.decide(ctx, n), nil })
	return v.(alertResult)
}

// decide decides whether to halt the rollout now, and halts it.
func (h *halter) decide(ctx context.Context, n notification) alertResult {
	s, now := h.settings.current(), h.now()
	if before, ok := h.before(n, s.config.Halt.Mode); ok {
		return before
	}
	d := decision{Halt: haltID(n.Action, n.Rollout), Action: n.Action, Rollout: n.Rollout, Notification: n.key()}
	ro, known := h.rollouts.board().Get(n.Rollout, now)
	if !known {
		return retryLater("the rollout is no longer known")
	}
	if !ro.Ended.IsZero() && !ro.Ended.After(now) {
		return h.refuse(ctx, d, whyEnded, "the rollout is not under way: it ended, or a newer one replaced it, at "+ro.Ended.UTC().Format(time.RFC3339))
	}
	snap := h.snapshots.current()
	j, judged := snap.get(n.Rollout)
	switch {
	case snap == nil:
		return retryLater("nothing has been judged since Andon started; the first tick is still running")
	case now.Sub(snap.at) > staleTicks*tickTimeout(s.config):
		return retryLater("the last tick was at %s, which is too long ago to act on", snap.at.UTC().Format(time.RFC3339))
	case !judged:
		return retryLater("the rollout has not been judged yet; the next tick judges it")
	}
	v := j.verdict
	hold := n.Action == delivery.ActionHold
	set, ambiguous := snap.ambiguous(n.Rollout)
	if hold && ambiguous {
		v = set
	}
	switch {
	case hold && s.config.Halt.Ambiguous != config.HoldAmbiguous:
		return h.refuse(ctx, d, whyPolicy, "halt.ambiguous is nothing, so the rollout is not held: "+v.Reason)
	case hold && ambiguous, !hold && v.Verdict == andon.Fail:
	case hold && v.Verdict == andon.Fail:
		return h.refuse(ctx, d, whyVerdict, "the rollout has failed since, and the alert on that halts it: "+v.Reason)
	case v.Verdict == andon.Inconclusive && (v.Quality == andon.SourceError || v.Quality == andon.Stale):
		return retryLater("the rollout cannot be judged now: %s", v.Reason)
	case hold:
		return h.refuse(ctx, d, whyVerdict, fmt.Sprintf("the verdict is %s and no longer ambiguous: %s", v.Verdict, v.Reason))
	default:
		return h.refuse(ctx, d, whyVerdict, fmt.Sprintf("the verdict is %s, not fail: %s", v.Verdict, v.Reason))
	}
	d.Verdict = &v
	return h.act(ctx, s, j, d)
}

// before returns the answer to an alert that was settled before, and whether it
// was.
func (h *halter) before(n notification, mode config.Mode) (alertResult, bool) {
	if state := h.halts.state(haltID(n.Action, n.Rollout)); state.answered != nil {
		o := ruling{factAnswered, *state.answered}.result()
		o.Duplicate, o.Text = true, fmt.Sprintf("already %s: %s", o.Result, state.answered.Text)
		return o, true
	}
	r, ok := h.halts.rulingOn(n.key())
	if !ok || r.kind == factObserved && mode != config.ModeObserve {
		return alertResult{}, false // an observed alert is decided again once the mode is halt
	}
	o := r.result()
	o.Duplicate = true
	return o, true
}

// act does what the policy says with a rollout that failed or is ambiguous.
func (h *halter) act(ctx context.Context, s *setup, j judgment, d decision) alertResult {
	tool := j.service.Tool
	if tool == nil {
		return h.refuse(ctx, d, whyNoTool, fmt.Sprintf("the service %s has no tool in the configuration; halt the rollout by hand", j.rollout.Service))
	}
	d.Tool = tool.Tool
	request := delivery.Halt{ID: d.Halt, Action: cmp.Or(d.Action, delivery.ActionHalt), Rollout: j.rollout, Verdict: *d.Verdict, Reason: d.Verdict.Reason}
	action, can := actionFor(tool, request)
	if !can {
		return h.refuse(ctx, d, whyNoHold, fmt.Sprintf("the tool %s of the service %s can halt but not hold; hold the rollout by hand", tool.Tool, j.rollout.Service))
	}
	if s.config.Halt.Mode != config.ModeHalt {
		d.Why, d.Text = whyObserve, "halt.mode is observe; in mode halt Andon would send "+action.plan(request)
		return h.settle(ctx, factObserved, d)
	}
	if o, ok := h.request(ctx, s.config.Halt.Budget, d); !ok {
		return o
	}
	return h.call(ctx, tool, request, d)
}

// A toolAction is one action of a delivery tool.
type toolAction struct {
	plan func(delivery.Halt) string // returns the request that do would send
	do   func(context.Context, delivery.Halt) (delivery.Answer, error)
}

// actionFor returns how a tool does the action of h, and whether it can.
func actionFor(tool *delivery.Target, h delivery.Halt) (toolAction, bool) {
	if h.Action != delivery.ActionHold {
		return toolAction{tool.Halter.Plan, tool.Halter.Halt}, true
	}
	holder, can := tool.Halter.(delivery.Holder)
	if !can {
		return toolAction{}, false
	}
	return toolAction{holder.PlanHold, holder.Hold}, true
}

// request records that a halt is requested, if the budget allows; ok says that
// the tool may be called. A halt that was requested before is not counted again.
func (h *halter) request(ctx context.Context, budget config.Budget, d decision) (o alertResult, ok bool) {
	h.budgetLock.Lock()
	defer h.budgetLock.Unlock()
	now := h.now()
	if d.Action != delivery.ActionHold && h.halts.state(d.Halt).requested == nil {
		if n := h.halts.requestedSince(now.Add(-budget.Per)); n >= budget.Count {
			h.log.Error("rollout not halted: the halt budget is used up", "rollout", d.Rollout, "budget", budget)
			return h.refuse(ctx, d, whyBudget, fmt.Sprintf("the halt budget of %s is used up, by %d halts; check the rollout, and halt it by hand if it is bad", budget, n)), false
		}
	}
	d.Text = d.Verdict.Reason
	if _, err := h.keep(ctx, factAsked, factAsked+"/"+d.Halt, d); err != nil {
		return retryLater("the halt was not stored, so the tool was not called: %v", err), false
	}
	return alertResult{}, true
}

// call has the tool halt, and records its answer.
func (h *halter) call(ctx context.Context, tool *delivery.Target, request delivery.Halt, d decision) alertResult {
	tctx, cancel := context.WithTimeout(ctx, haltTimeout)
	defer cancel()
	action, _ := actionFor(tool, request) // the caller has seen that it can
	answer, err := action.do(tctx, request)
	d.Verdict = nil // the fact of the request has it
	if err == nil {
		d.Answer, d.Text = &answer, answer.Text
		o := h.settle(ctx, factAnswered, d)
		if o.Status == http.StatusOK {
			count := h.counts.halts
			if request.Action == delivery.ActionHold {
				count = h.counts.holds
			}
			count.WithLabelValues(tool.Tool).Inc()
			h.log.Warn("rollout "+o.Result, "rollout", d.Rollout, "tool", d.Tool, "reason", request.Reason, "answer", answer.Text)
		}
		return o
	}
	h.counts.failures.WithLabelValues(tool.Tool).Inc()
	h.log.Error("rollout not halted", "rollout", d.Rollout, "tool", d.Tool, "error", err)
	var refused *delivery.Error
	if !errors.As(err, &refused) || refused.Retry {
		return retryLater("%v", err)
	}
	d.Why, d.Text = whyFailed, err.Error()
	return h.settle(ctx, factHaltFailed, d)
}

// refuse records that a rollout is not halted, and why.
func (h *halter) refuse(ctx context.Context, d decision, why reason, says string) alertResult {
	d.Why, d.Text = why, says
	h.log.Info("rollout not halted", "rollout", d.Rollout, "why", why, "detail", says)
	return h.settle(ctx, factRefused, d)
}

// settle records a decision as a fact and returns its result.
func (h *halter) settle(ctx context.Context, kind string, d decision) alertResult {
	key := kind + "/" + d.Halt
	if kind != factAnswered {
		key += "/" + d.Notification + "/" + string(d.Why)
	}
	first, err := h.keep(ctx, kind, key, d)
	if err != nil {
		return retryLater("not stored: %v", err)
	}
	if first && d.Why != "" {
		h.counts.withheld.WithLabelValues(string(d.Why)).Inc()
	}
	return ruling{kind, d}.result()
}

// result returns the answer to the sender of the alert.
func (r ruling) result() alertResult {
	o := alertResult{Status: http.StatusOK, Text: r.Text}
	switch r.kind {
	case factAnswered:
		o.Result = "halted"
		if r.Action == delivery.ActionHold {
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
func (h *halter) keep(ctx context.Context, kind, key string, data any) (first bool, err error) {
	f, err := newFact(kind, key, h.now(), data)
	if err != nil {
		return false, err
	}
	if first, err = h.facts.keep(ctx, f); err == nil && !first {
		err = h.halts.Fold(f) // a new request clears the tool's refusal, also if it was requested before
	}
	return first, err
}

// drive repeats the halts that were requested and not answered, because the
// process ended or the tool did not answer. The tool gets the same id as before,
// so that a halt that was in fact done is not done twice.
func (h *halter) drive(ctx context.Context) {
	for _, d := range h.halts.open() {
		if _, already := h.driving.LoadOrStore(d.Halt, true); already {
			continue
		}
		h.background.Go(func() {
			defer h.driving.Delete(d.Halt)
			h.inFlight.Do(d.Halt, func() (any, error) { return h.driveOne(ctx, d), nil })
		})
	}
}

// driveOne repeats one halt, if the rollout still is to be halted.
func (h *halter) driveOne(ctx context.Context, d decision) alertResult {
	if state := h.halts.state(d.Halt); state.answered != nil {
		return ruling{factAnswered, *state.answered}.result()
	} else if state.failed != nil {
		return ruling{factHaltFailed, *state.failed}.result()
	}
	s, now := h.settings.current(), h.now()
	ro, known := h.rollouts.board().Get(d.Rollout, now)
	svc, _ := s.config.Service(ro.Service)
	switch {
	case s.config.Halt.Mode != config.ModeHalt:
		return retryLater("halt.mode is observe, so a halt requested in mode halt waits")
	case !known || d.Verdict == nil || svc.Tool == nil:
		return retryLater("the service %s no longer has a tool in the configuration", ro.Service)
	case !ro.Ended.IsZero() && !ro.Ended.After(now):
		d.Verdict = nil
		d.Why, d.Text = whyEnded, "the rollout ended before the tool answered"
		return h.settle(ctx, factHaltFailed, d)
	}
	ro = board.WithCohorts(ro, svc.Version)
	request := delivery.Halt{ID: d.Halt, Action: cmp.Or(d.Action, delivery.ActionHalt), Rollout: ro, Verdict: *d.Verdict, Reason: d.Verdict.Reason}
	if _, can := actionFor(svc.Tool, request); !can {
		return retryLater("the tool of the service %s can no longer hold", ro.Service)
	}
	return h.call(ctx, svc.Tool, request, d)
}
