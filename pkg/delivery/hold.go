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
	// PlanHold returns the request that Hold would send, for mode observe.
	PlanHold(h Halt) string
	Hold(ctx context.Context, h Halt) (Answer, error)
}

// pause works on a Deployment and on a Rollout of Argo Rollouts alike.
var pause = []byte(`{"spec":{"paused":true}}`)

func paused(live *unstructured.Unstructured) bool {
	p, _, _ := unstructured.NestedBool(live.Object, "spec", "paused")
	return p
}

// planPause returns the request that would pause the object.
func (o *object) planPause() string {
	return o.describe(http.MethodPatch, o.host(), "") + " with " + string(types.MergePatchType) + " " + string(pause)
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
	if err := r.checkVersion(a, live, h.Rollout); err != nil {
		return Answer{}, err
	}
	if paused(live) {
		return r.already(a, "the Rollout %s was already paused", live.GetName()), nil
	}
	if over, ok := r.finished(a, live); ok {
		return over, nil
	}
	answer, err := r.patch(a, change{kind: types.MergePatchType, body: pause})
	if err != nil {
		return Answer{}, err
	}
	answer.Text = "the Rollout " + live.GetName() + " is paused at its current step"
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

// A webhookHolder is a webhook whose receiver knows both actions.
type webhookHolder struct{ *webhook }

// PlanHold implements Holder.
func (w webhookHolder) PlanHold(h Halt) string { return w.Plan(h) }

// Hold implements Holder: it makes the request with .Action hold.
func (w webhookHolder) Hold(ctx context.Context, h Halt) (Answer, error) { return w.Halt(ctx, h) }
