package delivery

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// argoConfig is the section argo-rollouts.
type argoConfig struct {
	Cluster clusterConfig `yaml:",inline"`
}

// An argo aborts a Rollout of Argo Rollouts, as kubectl argo rollouts abort
// does: traffic goes back to the stable ReplicaSet.
//
// Argo keeps spec.template at the new version after an abort, so a later
// retry or a new sync that lifts the abort rolls forward again.
type argo struct{ object }

var abort = []byte(`{"status":{"abort":true}}`)

func newArgo(section *yaml.Node) (Halter, error) {
	c := argoConfig{Cluster: defaultCluster}
	if err := decodeSection("argo-rollouts", section, &c); err != nil {
		return nil, err
	}
	target, err := newCluster("argo-rollouts", section, c.Cluster)
	if err != nil {
		return nil, err
	}
	return &argo{object{
		tool: "argo-rollouts", kind: "Rollout", cluster: target,
		gvr: schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "rollouts"},
	}}, nil
}

// Plan implements Halter.
func (r *argo) Plan(Halt) string {
	return r.describe(http.MethodPatch, r.host(), "status") + " with " + string(types.MergePatchType) + " " + string(abort)
}

// Halt implements Halter.
func (r *argo) Halt(ctx context.Context, h Halt) (Answer, error) {
	a, cancel, live, err := r.begin(ctx)
	if err != nil {
		return Answer{}, err
	}
	defer cancel()
	if err := r.checkVersion(a, live, h.Rollout); err != nil {
		return Answer{}, err
	}
	if over, ok := r.finished(a, live); ok {
		return over, nil
	}
	answer, err := r.patch(a, change{kind: types.MergePatchType, body: abort, subresource: "status"})
	if refused, ok := errors.AsType[*Error](err); ok && refused.Status == http.StatusNotFound {
		// The custom resource was installed without the subresource.
		answer, err = r.patch(a, change{kind: types.MergePatchType, body: abort})
	}
	if err != nil {
		return Answer{}, err
	}
	answer.Text = "the Rollout " + live.GetName() + " is aborted; its traffic returns to the stable version"
	return answer, nil
}

// finished returns the answer to a halt of a Rollout of which nothing is left to
// halt, and whether that is so.
func (r *argo) finished(a *attempt, live *unstructured.Unstructured) (Answer, bool) {
	if !statusIsCurrent(live) {
		return Answer{}, false
	}
	aborted, _, _ := unstructured.NestedBool(live.Object, "status", "abort")
	stable, _, _ := unstructured.NestedString(live.Object, "status", "stableRS")
	current, _, _ := unstructured.NestedString(live.Object, "status", "currentPodHash")
	switch {
	case aborted:
		return r.already(a, "the Rollout %s was already aborted", live.GetName()), true
	case stable != "" && stable == current:
		return r.already(a, "the Rollout %s was fully promoted before it could be aborted; roll it back by hand", live.GetName()), true
	}
	return Answer{}, false
}

// statusIsCurrent reports whether the status speaks of the spec as it is now. Argo
// writes the observed generation as a text.
func statusIsCurrent(live *unstructured.Unstructured) bool {
	observed, found, _ := unstructured.NestedFieldNoCopy(live.Object, "status", "observedGeneration")
	if !found {
		return true
	}
	switch g := observed.(type) {
	case string:
		return g == strconv.FormatInt(live.GetGeneration(), 10)
	case int64:
		return g == live.GetGeneration()
	}
	return false
}
