package delivery

import (
	"context"
	"net/http"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// A Holder is a Halter that can also hold a rollout: stop it where it is,
// neither taken back nor given up, so that people may let it go on. It is as
// idempotent as Halt is.
type Holder interface {
	// PlanHold says what Hold would ask of the tool, for mode observe.
	PlanHold(h Halt) string
	Hold(ctx context.Context, h Halt) (Answer, error)
}

// pause works on a Deployment and on a Rollout of Argo Rollouts alike.
var pause = []byte(`{"spec":{"paused":true}}`)

func paused(live *unstructured.Unstructured) bool {
	p, _, _ := unstructured.NestedBool(live.Object, "spec", "paused")
	return p
}

// planPause says what pausing the object asks for.
func (o *object) planPause() string {
	return o.told(http.MethodPatch, o.host(), "") + " with " + string(types.MergePatchType) + " " + string(pause)
}

// PlanHold implements Holder.
func (r *argo) PlanHold(Halt) string { return r.planPause() }

// Hold implements Holder: it pauses the Rollout, as kubectl argo rollouts
// pause does.
func (r *argo) Hold(ctx context.Context, h Halt) (Answer, error) {
	a, cancel, live, err := r.begin(ctx)
	if err != nil {
		return Answer{}, err
	}
	defer cancel()
	if err := r.moved(a, live, h.Rollout); err != nil {
		return Answer{}, err
	}
	if paused(live) {
		return r.already(a, "the Rollout %s was already paused", live.GetName()), nil
	}
	if over, ok := r.over(a, live); ok {
		return over, nil
	}
	answer, err := r.patch(a, change{how: types.MergePatchType, body: pause})
	if err != nil {
		return Answer{}, err
	}
	answer.Said = "the Rollout " + live.GetName() + " is paused at its current step"
	return answer, nil
}

// PlanHold implements Holder.
func (d *deployment) PlanHold(Halt) string { return d.planPause() }

// Hold implements Holder: it pauses the Deployment, whatever a halt would do.
func (d *deployment) Hold(ctx context.Context, h Halt) (Answer, error) {
	a, cancel, live, err := d.begin(ctx)
	if err != nil {
		return Answer{}, err
	}
	defer cancel()
	return d.hold(a, live, h)
}

// A holdingWebhook is a webhook whose receiver knows both actions.
type holdingWebhook struct{ *webhook }

// PlanHold implements Holder.
func (w holdingWebhook) PlanHold(h Halt) string { return w.Plan(h) }

// Hold implements Holder: it makes the request with .Action hold.
func (w holdingWebhook) Hold(ctx context.Context, h Halt) (Answer, error) { return w.Halt(ctx, h) }
