package delivery

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/andon-project/andon/pkg/andon"
)

// An object is one object of the Kubernetes API that a rollout changes.
type object struct {
	tool    string // name of the halter, for errors
	kind    string // for people
	gvr     schema.GroupVersionResource
	cluster *cluster
}

// A change is a patch of an object.
type change struct {
	kind        types.PatchType
	body        []byte
	subresource string // empty for the object itself
}

func (o *object) resource(a *attempt, gvr schema.GroupVersionResource) dynamic.ResourceInterface {
	return a.client.Resource(gvr).Namespace(o.cluster.config.Namespace)
}

// describe returns a request as people may see it. Without a host it begins with the path.
func (o *object) describe(verb, host, subresource string) string {
	path := fmt.Sprintf("/apis/%s/%s/namespaces/%s/%s/%s", o.gvr.Group, o.gvr.Version, o.cluster.config.Namespace, o.gvr.Resource, o.cluster.config.Name)
	if subresource != "" {
		path += "/" + subresource
	}
	return verb + " " + host + path
}

// host returns where requests go, empty if that is not known here.
func (o *object) host() string {
	_, host, _ := o.cluster.connect()
	return host
}

// begin starts an attempt and reads the object as it is now.
func (o *object) begin(ctx context.Context) (*attempt, context.CancelFunc, *unstructured.Unstructured, error) {
	a, cancel, err := o.cluster.begin(ctx)
	if err != nil {
		return nil, nil, nil, &Error{Tool: o.tool, Request: o.describe(http.MethodGet, "", ""), Err: maskError(o.cluster.secrets, err), Hint: notConnected(err)}
	}
	live, err := o.resource(a, o.gvr).Get(a.ctx, o.cluster.config.Name, metav1.GetOptions{})
	if err == nil && live.GetName() != o.cluster.config.Name {
		err = errors.New("the API returned an object that is not this " + o.kind)
	}
	if err != nil {
		cancel()
		return nil, nil, nil, o.refusal(a, apiRequest{verb: "get", resource: o.gvr.Resource, request: o.describe(http.MethodGet, a.host, "")}, err)
	}
	return a, cancel, live, nil
}

// patch sends a change.
func (o *object) patch(a *attempt, c change) (Answer, error) {
	request := o.describe(http.MethodPatch, a.host, c.subresource)
	resource := o.gvr.Resource
	var sub []string
	if c.subresource != "" {
		sub = []string{c.subresource}
		resource += "/" + c.subresource
	}
	a.answers.forget()
	_, err := o.resource(a, o.gvr).Patch(a.ctx, o.cluster.config.Name, c.kind, c.body, metav1.PatchOptions{FieldManager: "andon"}, sub...)
	if err != nil {
		return Answer{}, o.refusal(a, apiRequest{verb: "patch", resource: resource, request: request}, err)
	}
	status, _ := a.answers.last()
	return Answer{Request: request, Status: status}, nil
}

// already returns the answer that nothing is left to halt.
func (o *object) already(a *attempt, format string, args ...any) Answer {
	status, _ := a.answers.last()
	return Answer{Request: o.describe(http.MethodGet, a.host, ""), Status: status, Already: true, Text: fmt.Sprintf(format, args...)}
}

// checkVersion returns an error if the object shows another version than the one
// that was judged: the verdict does not apply to it.
func (o *object) checkVersion(a *attempt, live *unstructured.Unstructured, ro andon.Rollout) error {
	now := o.version(live)
	if now == "" || ro.Version == "" || strings.TrimPrefix(now, "v") == strings.TrimPrefix(ro.Version, "v") {
		return nil
	}
	return &Error{
		Tool: o.tool, Request: o.describe(http.MethodGet, a.host, ""), Status: http.StatusOK,
		Err:  fmt.Errorf("the object is now at version %s, but the verdict is about %s", line(now), line(ro.Version)),
		Hint: fmt.Sprintf("nothing was halted; if both are the same version, announce it as the pod template's label %s names it", o.cluster.config.VersionLabel),
	}
}

// version returns the version that the object's pod template is labelled
// with, empty if it is not.
func (o *object) version(live *unstructured.Unstructured) string {
	v, _, _ := unstructured.NestedString(live.Object, "spec", "template", "metadata", "labels", o.cluster.config.VersionLabel)
	return v
}

// apiRequest is a request for which a refusal is to be explained.
type apiRequest struct {
	verb, resource string // as RBAC names them
	request        string
}

// refusal makes an Error of what the client returned.
func (o *object) refusal(a *attempt, q apiRequest, err error) *Error {
	status, sent := a.answers.last()
	e := &Error{Tool: o.tool, Request: q.request, Status: status, Err: maskError(o.cluster.secrets.with(sent), err)}
	answer, ok := errors.AsType[*apierrors.StatusError](err)
	if !ok {
		// No answer came, or one that is not from a Kubernetes API: a broken
		// connection, or a proxy in between.
		e.Retry = true
		e.Hint = netHint(err)
		if status != 0 {
			e.Hint = "check that this is the URL of a Kubernetes API and not of a proxy in front of it"
		}
		return e
	}
	if s := answer.Status(); s.Code != 0 {
		e.Status = int(s.Code)
	}
	where := fmt.Sprintf("in namespace %s", o.cluster.config.Namespace)
	switch {
	case meta.IsNoMatchError(err), e.Status == http.StatusNotFound:
		e.Hint = fmt.Sprintf("there is no %s %s %s; check namespace, name and cluster", o.kind, o.cluster.config.Name, where)
	case e.Status == http.StatusUnauthorized:
		e.Hint = "check the service account's token, kubeconfig or api.authorization"
	case e.Status == http.StatusForbidden:
		e.Hint = fmt.Sprintf("allow the verb %s on %s of the API group %s %s; docs/operate/halting.md has the Role", q.verb, q.resource, o.gvr.Group, where)
	case e.Status == http.StatusConflict:
		e.Retry = true
		e.Hint = "the object was changed at the same time; Andon tries again"
	case e.Status >= 300 && e.Status < 400:
		e.Hint = "the API redirects, and Andon does not follow; write its final URL"
	case retryable(e.Status):
		e.Retry = true
		e.Hint = "the Kubernetes API failed; Andon tries again"
	default:
		e.Hint = "check the object by hand"
	}
	return e
}
