package delivery

import (
	"cmp"
	"reflect"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Annotations and labels that the Deployment controller writes.
const (
	revision = "deployment.kubernetes.io/revision"
	podHash  = "pod-template-hash"
)

// A noRevision says why there is no revision to go back to; empty if there is.
type noRevision string

const (
	alreadyBack   noRevision = "it is already at an earlier revision"
	tooEarly      noRevision = "the Deployment controller has not processed the latest change yet"
	nothingBefore noRevision = "there is no earlier revision"
)

var hints = map[noRevision]string{
	tooEarly:      "Andon tries again",
	nothingBefore: "this may be the first rollout, or revisionHistoryLimit is 0; deploy an earlier version by hand",
}

// previous returns the ReplicaSet that holds what ran before the template of
// live: that of the second-highest revision, if the highest is of this
// template. If no ReplicaSet is of it yet, because the Deployment was paused
// before its change began, that of the highest is what ran before.
func previous(live *unstructured.Unstructured, sets []unstructured.Unstructured) (*unstructured.Unstructured, noRevision) {
	sets = slices.DeleteFunc(slices.Clone(sets), func(s unstructured.Unstructured) bool { return number(s) <= 0 })
	slices.SortFunc(sets, func(a, b unstructured.Unstructured) int { return cmp.Compare(number(b), number(a)) })
	now := podTemplate(live)
	current := slices.IndexFunc(sets, func(s unstructured.Unstructured) bool { return reflect.DeepEqual(podTemplate(&s), now) })
	observed, _, _ := unstructured.NestedInt64(live.Object, "status", "observedGeneration")
	switch {
	case current > 0:
		// Its revision becomes the highest as soon as the controller sees it.
		return nil, alreadyBack
	case current < 0 && observed < live.GetGeneration():
		return nil, tooEarly
	case current < 0 && paused(live) && len(sets) > 0:
		return &sets[0], ""
	case len(sets) < 2:
		return nil, nothingBefore
	}
	return &sets[1], ""
}

// number returns the revision of a ReplicaSet, 0 if it has none.
func number(set unstructured.Unstructured) int64 {
	n, err := strconv.ParseInt(set.GetAnnotations()[revision], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// podTemplate returns a copy of an object's pod template without the hash that
// the controller gives each ReplicaSet.
func podTemplate(o *unstructured.Unstructured) map[string]any {
	t, _, _ := unstructured.NestedMap(o.Object, "spec", "template")
	unstructured.RemoveNestedField(t, "metadata", "labels", podHash)
	return t
}

// keptAnnotations are those of a Deployment that do not belong to a revision.
var keptAnnotations = []string{
	"kubectl.kubernetes.io/last-applied-configuration",
	revision,
	"deployment.kubernetes.io/revision-history",
	"deployment.kubernetes.io/desired-replicas",
	"deployment.kubernetes.io/max-replicas",
	"deprecated.deployment.rollback.to",
}

// annotations returns those that live has once it is taken back to before:
// its own where they are not a revision's, and those of the revision, such as
// the cause of its change.
func annotations(live, before *unstructured.Unstructured, id string) map[string]string {
	all := map[string]string{}
	for k, v := range live.GetAnnotations() {
		if slices.Contains(keptAnnotations, k) {
			all[k] = v
		}
	}
	for k, v := range before.GetAnnotations() {
		if !slices.Contains(keptAnnotations, k) {
			all[k] = v
		}
	}
	all[haltAnnotation] = id
	return all
}
