package exporter

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/board"
	"github.com/andon-project/andon/pkg/config"
)

const maxAnnouncement = 64 << 10 // bytes of a body

// An endpoint is one method of one path.
type endpoint struct {
	method, path string
	changes      bool // something; so it needs the token, if there is one
	serve        http.HandlerFunc
}

// A router serves endpoints.
type router struct {
	token func() string // that requests which change something must have; empty if none
	log   hclog.Logger
}

// handler serves endpoints, and answers 404 to everything else.
func (rt router) handler(endpoints []endpoint) http.Handler {
	byPath := make(map[string][]endpoint)
	for _, p := range endpoints {
		byPath[p.path] = append(byPath[p.path], p)
	}
	mux := http.NewServeMux()
	for path, methods := range byPath {
		mux.Handle(path, rt.dispatch(methods))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, fmt.Sprintf("there is no page or endpoint %.100q", r.URL.Path), "GET / lists the rollouts; docs/reference/http.md lists the endpoints")
	})
	// A page of another site must not use the reader's browser to announce or
	// halt through an exporter that the browser can reach.
	foreign := http.NewCrossOriginProtection()
	foreign.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusForbidden, "the request comes from a web page of another site", "send it with curl or from a server")
	}))
	return rt.guard(foreign.Handler(mux))
}

// guard sets the headers of every answer, and answers what panics.
func (rt router) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p)
				}
				rt.log.Error("request failed because of a bug in Andon", "method", r.Method, "path", r.URL.Path, "panic", p)
				refuse(w, http.StatusInternalServerError, "the request failed because of a bug in Andon", "Andon's log has the details")
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// dispatch serves one path: the method must be one of its endpoints, and the
// caller must have the token where something is changed.
func (rt router) dispatch(methods []endpoint) http.Handler {
	var allow []string
	for _, p := range methods {
		allow = append(allow, p.method)
		if p.method == http.MethodGet {
			allow = append(allow, http.MethodHead)
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		method := r.Method
		if method == http.MethodHead {
			method = http.MethodGet
		}
		for _, p := range methods {
			if p.method != method {
				continue
			}
			if p.changes && !rt.admits(r) {
				w.Header().Set("WWW-Authenticate", `Bearer realm="andon"`)
				refuse(w, http.StatusUnauthorized, "the token is missing or wrong", "send the header Authorization: Bearer TOKEN with the token under auth in the configuration")
				return
			}
			p.serve(w, r)
			return
		}
		w.Header().Set("Allow", strings.Join(allow, ", "))
		refuse(w, http.StatusMethodNotAllowed, fmt.Sprintf("the method %.20s is not allowed on this path", r.Method), "use "+strings.Join(allow, " or "))
	})
}

// admits reports whether the caller has the token, or none is needed. Its running
// time reveals nothing about the token.
func (rt router) admits(r *http.Request) bool {
	want := rt.token()
	if want == "" {
		return true
	}
	got, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	a, b := sha256.Sum256([]byte(got)), sha256.Sum256([]byte(want))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1 && ok
}

// readBody reads a request's body; if that fails, it answers and returns false.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, bool) {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err == nil {
		return b, true
	}
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		refuse(w, http.StatusRequestEntityTooLarge, "the body is larger than "+andon.Quantity(float64(limit), "bytes"), "send less in one request")
	} else {
		refuse(w, http.StatusBadRequest, "the body ended early", "send it again")
	}
	return nil, false
}

// pathRollout returns the rollout that the path names; if there is none, it
// answers and returns false.
func pathRollout(w http.ResponseWriter, r *http.Request, rollouts *board.Board, now time.Time) (andon.Rollout, bool) {
	id := r.PathValue("id")
	if !rolloutID.MatchString(id) {
		refuse(w, http.StatusBadRequest, fmt.Sprintf("%.100q is not a rollout id", id), "GET /api/v1/rollouts lists them")
		return andon.Rollout{}, false
	}
	ro, ok := rollouts.Get(id, now)
	if !ok {
		refuse(w, http.StatusNotFound, fmt.Sprintf("there is no rollout %q", id), "GET /api/v1/rollouts lists them")
	}
	return ro, ok
}

// answer writes v as JSON.
func answer(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "the answer cannot be written as JSON", err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	w.Write(append(b, '\n')) // an error means that the client is gone
}

// refuse answers with an error and a hint.
func refuse(w http.ResponseWriter, status int, wrong, hint string) {
	answer(w, status, struct {
		Error string `json:"error"`
		Hint  string `json:"hint,omitempty"`
	}{wrong, hint})
}

// decodeBody reads the one JSON object of a body. keys are those that it may have;
// valid and single end the sentences that say that it is not one, or not alone.
func decodeBody(body []byte, into any, keys []string, valid, single string) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if field, unknown := unknownField(err); unknown {
		return errors.New(andon.UnknownKey(field, keys))
	}
	if err != nil {
		return fmt.Errorf("the body is not %s: %w", valid, jsonWords(err))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("the body has text after %s", single)
	}
	return nil
}

// unknownField returns the key that the JSON package did not know; it has no
// type for that error.
func unknownField(err error) (string, bool) {
	if err == nil {
		return "", false
	}
	field, ok := strings.CutPrefix(err.Error(), "json: unknown field ")
	return strings.Trim(field, `"`), ok
}

// unknownService returns the error for an unknown service, with a suggestion.
func unknownService(c *config.Config, name string) string {
	var names []string
	for _, s := range c.Services {
		names = append(names, s.Name)
	}
	return fmt.Sprintf("the service %.100q is not in the configuration; %s", name, andon.Suggest(name, names))
}

// jsonWords replaces an error of the JSON package by one without Go's terms.
func jsonWords(err error) error {
	if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if t.Field == "" {
			return fmt.Errorf("expected a JSON object, not a JSON %s", t.Value)
		}
		return fmt.Errorf("%q must not be a JSON %s", t.Field, t.Value)
	}
	s, syntax := errors.AsType[*json.SyntaxError](err)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || syntax && strings.HasPrefix(s.Error(), "unexpected end") {
		return errors.New("it is empty or ends early")
	}
	if syntax {
		return fmt.Errorf("invalid JSON at byte %d: %w", s.Offset, err)
	}
	return err
}
