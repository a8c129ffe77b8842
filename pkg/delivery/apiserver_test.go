package delivery

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
)

// An apiServer answers as a Kubernetes API server does for the few requests
// that halting makes, checks what a server would check, and keeps its objects
// by path.
type apiServer struct {
	*httptest.Server
	mu          sync.Mutex
	objects     map[string]map[string]any
	subresource bool // whether the objects have the subresource status
	override    map[string]http.HandlerFunc
	asked       []string // method and path with the size of nothing else
	bodies      []string
	types       []string
}

const (
	rolloutPath    = "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/checkout"
	deploymentPath = "/apis/apps/v1/namespaces/shop/deployments/checkout"
	setsPath       = "/apis/apps/v1/namespaces/shop/replicasets"
)

func newAPIServer(t *testing.T) *apiServer {
	t.Helper()
	s := &apiServer{objects: map[string]map[string]any{}, subresource: true, override: map[string]http.HandlerFunc{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// parsed returns the object that JSON text is.
func parsed(t *testing.T, text string) map[string]any {
	t.Helper()
	var o map[string]any
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return o
}

func (s *apiServer) put(t *testing.T, path, text string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.objects[path] = parsed(t, text)
}

func (s *apiServer) get(path string) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.objects[path]
}

func (s *apiServer) log() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.asked, "\n")
}

func (s *apiServer) lastBody() (contentType, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.bodies) == 0 {
		return "", ""
	}
	return s.types[len(s.types)-1], s.bodies[len(s.bodies)-1]
}

// status writes an error as the API does.
func status(code int, reason, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":%q,"reason":%q,"code":%d}`, message, reason, code)
	}
}

// answer writes anything, as something that is no Kubernetes API may.
func answer(code int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(code)
		io.WriteString(w, body)
	}
}

// hang answers nothing until the client is gone.
func hang(_ http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body) // without it the server does not see the client go
	<-r.Context().Done()
}

func (s *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked = append(s.asked, r.Method+" "+r.URL.Path)
	special := s.override[r.Method+" "+r.URL.Path]
	s.mu.Unlock()
	if special != nil {
		special(w, r)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	path, sub := r.URL.Path, strings.HasSuffix(r.URL.Path, "/status")
	if sub && s.subresource {
		path = strings.TrimSuffix(path, "/status")
	}
	if r.Method == http.MethodGet && path == setsPath {
		s.list(w, r)
		return
	}
	o, ok := s.objects[path]
	switch {
	case !ok:
		status(404, "NotFound", fmt.Sprintf("%s not found", path))(w, r)
	case r.Method == http.MethodGet:
		reply(w, o)
	case r.Method == http.MethodPatch:
		s.patch(w, r, path, sub)
	default:
		status(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")(w, r)
	}
}

func reply(w http.ResponseWriter, o any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(o)
}

// list answers the ReplicaSets whose labels hold what the selector asks for.
func (s *apiServer) list(w http.ResponseWriter, r *http.Request) {
	items := []any{}
	for path, o := range s.objects {
		if !strings.HasPrefix(path, setsPath+"/") {
			continue
		}
		fits := true
		for want := range strings.SplitSeq(r.URL.Query().Get("labelSelector"), ",") {
			k, v, _ := strings.Cut(want, "=")
			labels, _ := o["metadata"].(map[string]any)["labels"].(map[string]any)
			fits = fits && labels[k] == v
		}
		if fits {
			items = append(items, o)
		}
	}
	reply(w, map[string]any{"kind": "ReplicaSetList", "apiVersion": "apps/v1", "metadata": map[string]any{}, "items": items})
}

func (s *apiServer) patch(w http.ResponseWriter, r *http.Request, path string, sub bool) {
	body, _ := io.ReadAll(r.Body)
	s.types, s.bodies = append(s.types, r.Header.Get("Content-Type")), append(s.bodies, string(body))
	before, _ := json.Marshal(s.objects[path])
	var o map[string]any
	json.Unmarshal(before, &o)
	switch r.Header.Get("Content-Type") {
	case "application/merge-patch+json":
		var p map[string]any
		if err := json.Unmarshal(body, &p); err != nil {
			status(400, "BadRequest", err.Error())(w, r)
			return
		}
		mergePatch(o, p)
	case "application/json-patch+json":
		if err := jsonPatch(o, body); err != nil {
			// The API drops the words of the failed test.
			status(422, "Invalid", "the server rejected our request due to an error in our request")(w, r)
			return
		}
	default:
		status(415, "UnsupportedMediaType", "the body of the request was in an unknown format")(w, r)
		return
	}
	old := s.objects[path]
	if s.subresource && !sub && strings.Contains(path, "rollouts") {
		o["status"] = old["status"] // only the subresource writes it
	}
	if sub {
		o["spec"], o["metadata"] = old["spec"], old["metadata"]
	}
	if meta, ok := o["metadata"].(map[string]any); ok && !reflect.DeepEqual(old["spec"], o["spec"]) {
		g, _ := meta["generation"].(float64)
		meta["generation"] = g + 1
	}
	s.objects[path] = o
	reply(w, o)
}

// mergePatch applies an RFC 7386 merge patch.
func mergePatch(o, patch map[string]any) {
	for k, v := range patch {
		inner, isMap := v.(map[string]any)
		switch {
		case v == nil:
			delete(o, k)
		case isMap:
			below, ok := o[k].(map[string]any)
			if !ok {
				below = map[string]any{}
				o[k] = below
			}
			mergePatch(below, inner)
		default:
			o[k] = v
		}
	}
}

// jsonPatch applies the operations test, add and replace of RFC 6902 to members of objects.
func jsonPatch(o map[string]any, body []byte) error {
	var ops []struct {
		Op, Path string
		Value    any
	}
	if err := json.Unmarshal(body, &ops); err != nil {
		return err
	}
	for _, op := range ops {
		parts := strings.Split(strings.TrimPrefix(op.Path, "/"), "/")
		at := o
		for _, p := range parts[:len(parts)-1] {
			next, ok := at[p].(map[string]any)
			if !ok {
				return fmt.Errorf("%s: no such path", op.Path)
			}
			at = next
		}
		last := strings.NewReplacer("~1", "/", "~0", "~").Replace(parts[len(parts)-1])
		_, there := at[last]
		switch {
		case op.Op == "test" && !reflect.DeepEqual(at[last], op.Value):
			return fmt.Errorf("%s: test failed", op.Path)
		case op.Op == "replace" && !there:
			return fmt.Errorf("%s: missing key", op.Path)
		case op.Op == "replace", op.Op == "add":
			at[last] = op.Value
		}
	}
	return nil
}
