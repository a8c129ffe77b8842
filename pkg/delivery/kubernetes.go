package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"go.yaml.in/yaml/v3"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// deploymentConfig is the section kubernetes.
type deploymentConfig struct {
	Cluster clusterConfig `yaml:",inline"`
	Action  string        `yaml:"action"` // pause or undo
}

// A deployment halts a Deployment: it pauses it, or takes it back to the
// revision before.
type deployment struct {
	object
	undo bool
}

// haltAnnotation is the annotation that holds the id of the halt that took a
// Deployment back. It is why a second try does not take it back once more,
// which would be forward again.
const haltAnnotation = "andon.dev/halted"

func newDeployment(section *yaml.Node) (Halter, error) {
	c := deploymentConfig{Cluster: defaultCluster, Action: "pause"}
	if err := decodeSection("kubernetes", section, &c); err != nil {
		return nil, err
	}
	if c.Action != "pause" && c.Action != "undo" {
		return nil, sectionError(section, "kubernetes.action: %q is not an action; write pause or undo", c.Action)
	}
	target, err := newCluster("kubernetes", section, c.Cluster)
	if err != nil {
		return nil, err
	}
	return &deployment{undo: c.Action == "undo", object: object{
		tool: "kubernetes", kind: "Deployment", cluster: target,
		gvr: schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"},
	}}, nil
}

// Plan implements Halter.
func (d *deployment) Plan(h Halt) string {
	if !d.undo {
		return d.planPause()
	}
	request := d.describe(http.MethodPatch, d.host(), "")
	return fmt.Sprintf("%s with %s that replaces /spec/template with that of the previous revision and sets the annotation %s to %s",
		request, types.JSONPatchType, haltAnnotation, h.ID)
}

// Halt implements Halter.
func (d *deployment) Halt(ctx context.Context, h Halt) (Answer, error) {
	a, cancel, live, err := d.begin(ctx)
	if err != nil {
		return Answer{}, err
	}
	defer cancel()
	if d.undo {
		return d.rollBack(a, live, h)
	}
	return d.hold(a, live, h)
}

// hold pauses the Deployment, if something is left to pause.
func (d *deployment) hold(a *attempt, live *unstructured.Unstructured, h Halt) (Answer, error) {
	if err := d.checkVersion(a, live, h.Rollout); err != nil {
		return Answer{}, err
	}
	if paused(live) {
		return d.already(a, "the Deployment %s was already paused", live.GetName()), nil
	}
	if complete(live) {
		return d.already(a, "the Deployment %s was completely rolled out before it could be paused; undo it by hand, or set action: undo", live.GetName()), nil
	}
	answer, err := d.patch(a, change{kind: types.MergePatchType, body: pause})
	if err != nil {
		return Answer{}, err
	}
	answer.Text = "the Deployment " + live.GetName() + " is paused; replicas already on the new version stay on it"
	return answer, nil
}

// complete reports whether the controller says that all replicas are updated
// and available, so that there is nothing left to pause.
func complete(live *unstructured.Unstructured) bool {
	number := func(fields ...string) int64 {
		n, _, _ := unstructured.NestedInt64(live.Object, fields...)
		return n
	}
	wanted := number("spec", "replicas")
	return live.GetGeneration() > 0 && number("status", "observedGeneration") >= live.GetGeneration() && wanted > 0 &&
		number("status", "updatedReplicas") == wanted && number("status", "replicas") == wanted && number("status", "availableReplicas") == wanted
}

// rollBack does what kubectl rollout undo does, and notes who did it.
func (d *deployment) rollBack(a *attempt, live *unstructured.Unstructured, h Halt) (Answer, error) {
	if live.GetAnnotations()[haltAnnotation] == h.ID && h.ID != "" {
		answer := d.already(a, "the Deployment %s was already rolled back", live.GetName())
		if v := d.version(live); v != "" && v == h.Rollout.Version {
			answer.Text += fmt.Sprintf("; but it is at %s again: something re-applies that version, so suspend it first", line(v))
		}
		return answer, nil
	}
	if err := d.checkVersion(a, live, h.Rollout); err != nil {
		return Answer{}, err
	}
	sets, err := d.replicaSets(a, live)
	if err != nil {
		return Answer{}, err
	}
	before, reason := previous(live, sets)
	switch reason {
	case alreadyBack:
		return d.already(a, "the Deployment %s is already rolling back to an earlier revision", live.GetName()), nil
	case tooEarly, nothingBefore:
		return Answer{}, &Error{
			Tool: d.tool, Request: d.describe(http.MethodGet, a.host, ""), Status: http.StatusOK,
			Retry: reason == tooEarly, Err: errors.New(string(reason)), Hint: hints[reason],
		}
	}
	patch, err := rollBackPatch(live, before, h.ID)
	if err != nil {
		return Answer{}, &Error{Tool: d.tool, Request: d.describe(http.MethodPatch, a.host, ""), Err: err, Hint: "undo it by hand"}
	}
	answer, err := d.patch(a, change{kind: types.JSONPatchType, body: patch})
	if err != nil {
		return Answer{}, asConflict(err)
	}
	answer.Text = fmt.Sprintf("the Deployment %s is rolling back to revision %s", live.GetName(), before.GetAnnotations()[revision])
	return answer, nil
}

// asConflict makes a failed test of the patch the conflict that it is. The API
// answers 422 to that, and to a template that is not valid; only the latter
// comes with causes.
func asConflict(err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Status != http.StatusUnprocessableEntity {
		return err
	}
	if hidden, ok := e.Err.(*maskedError); ok {
		if s, ok := errors.AsType[*apierrors.StatusError](hidden.err); ok && s.Status().Details != nil && len(s.Status().Details.Causes) > 0 {
			e.Hint = "the template of the previous revision is no longer valid; undo it by hand"
			return e
		}
	}
	e.Retry = true
	e.Hint = "the object was changed at the same time; Andon tries again"
	return e
}

// replicaSets returns the ReplicaSets that the Deployment owns.
func (d *deployment) replicaSets(a *attempt, live *unstructured.Unstructured) ([]unstructured.Unstructured, error) {
	fields, _, _ := unstructured.NestedMap(live.Object, "spec", "selector")
	var wanted metav1.LabelSelector
	err := runtime.DefaultUnstructuredConverter.FromUnstructured(fields, &wanted)
	if err != nil {
		return nil, &Error{Tool: d.tool, Request: d.describe(http.MethodGet, a.host, ""), Status: http.StatusOK, Err: err, Hint: "check spec.selector of the Deployment"}
	}
	gvr := schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "replicasets"}
	a.answers.forget()
	list, err := d.resource(a, gvr).List(a.ctx, metav1.ListOptions{LabelSelector: metav1.FormatLabelSelector(&wanted)})
	if err != nil {
		request := fmt.Sprintf("GET %s/apis/apps/v1/namespaces/%s/replicasets", a.host, d.cluster.config.Namespace)
		return nil, d.refusal(a, apiRequest{verb: "list", resource: "replicasets", request: request}, err)
	}
	var owned []unstructured.Unstructured
	for _, set := range list.Items {
		if owner := metav1.GetControllerOf(&set); owner != nil && owner.UID == live.GetUID() {
			owned = append(owned, set)
		}
	}
	return owned, nil
}

// rollBackPatch returns the JSON patch that makes live what it was at the
// revision before.
func rollBackPatch(live, before *unstructured.Unstructured, id string) ([]byte, error) {
	type op map[string]any
	ops := []op{
		// The generation counts changes of the spec, not of the status, which
		// changes all the time while a rollout is under way.
		{"op": "test", "path": "/metadata/generation", "value": live.GetGeneration()},
		{"op": "replace", "path": "/spec/template", "value": podTemplate(before)},
	}
	write := "replace"
	if len(live.GetAnnotations()) == 0 {
		write = "add"
	}
	ops = append(ops, op{"op": write, "path": "/metadata/annotations", "value": annotations(live, before, id)})
	if paused(live) {
		// A paused Deployment does not roll back either.
		ops = append(ops, op{"op": "replace", "path": "/spec/paused", "value": false})
	}
	return json.Marshal(ops)
}
