package exporter

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/andon-project/andon/pkg/analysis"
	"github.com/andon-project/andon/pkg/cluster"
	"github.com/andon-project/andon/pkg/ledger"
)

const curlFeedback = `curl -d '{"service":"checkout","id":"5f3c…","risk":"none","by":"ann"}' http://localhost:9415/api/v1/feedback`

// A clusterID is 16 hexadecimal digits, a signature's the algorithm's version
// and as many.
var groupID = regexp.MustCompile(`^(?:v[0-9]{1,3}-)?[0-9a-f]{16}$`)

// What people may write into a Feedback, in bytes.
const (
	mostTemplate = 8 << 10
	mostNote     = 1 << 10
	mostName     = 200
)

// parseFeedback reads the body of a POST.
func parseFeedback(body []byte) (Feedback, error) {
	var f Feedback
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	err := d.Decode(&f)
	if field, unknown := unknownField(err); unknown {
		return f, errors.New(analysis.UnknownKey(field, []string{"service", "id", "template", "title", "risk", "by", "note"}))
	}
	if err != nil {
		return f, fmt.Errorf("the body is not feedback: %w", jsonWords(err))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return f, errors.New("the body goes on after the feedback; send one at a time")
	}
	switch {
	case f.Service == "":
		return f, errors.New(`"service" is missing: write the name of a service of the configuration`)
	case !groupID.MatchString(f.ID):
		return f, fmt.Errorf(`"id" %.60q is not that of a cluster (16 hexadecimal digits) or of a crash signature`, f.ID)
	case len(f.Template) > mostTemplate || len(f.Note) > mostNote || len(f.Title) > mostNote || len(f.By) > mostName || len(f.Service) > mostName:
		return f, fmt.Errorf(`too long: "template" may have %d bytes, "note" and "title" %d, "by" %d`, mostTemplate, mostNote, mostName)
	case f.Template != "" && cluster.IDOf(f.Template).String() != f.ID:
		return f, errors.New(`"template" is that of another cluster than "id"; leave it out, or send both as they are in the verdict`)
	}
	for _, s := range []string{f.Service, f.Template, f.Title, f.By, f.Note} {
		if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			return f, errors.New("the body is not valid UTF-8")
		}
	}
	return f, nil
}

// postFeedback keeps what a person says of a cluster or a signature.
func (e *Exporter) postFeedback(w http.ResponseWriter, r *http.Request) {
	e.tellFeedback(w, r, func(f Feedback) error {
		for _, p := range analysis.Under("risk", analysis.CheckWord("risk", f.Risk, analysis.Risks)) {
			return p
		}
		return nil
	}, factFeedback)
}

// undoFeedback takes back what was said last.
func (e *Exporter) undoFeedback(w http.ResponseWriter, r *http.Request) {
	e.tellFeedback(w, r, func(f Feedback) error {
		if f.Risk != "" {
			return errors.New(`"risk" has no meaning here: what was said last is taken back, whatever it was`)
		}
		return nil
	}, factUndone)
}

// tellFeedback keeps one action and answers with what holds then.
func (e *Exporter) tellFeedback(w http.ResponseWriter, r *http.Request, check func(Feedback) error, kind string) {
	body, ok := e.body(w, r, maxAnnouncement)
	if !ok {
		return
	}
	f, err := parseFeedback(body)
	if err == nil {
		err = check(f)
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error(), curlFeedback)
		return
	}
	c := e.setup.Load().config
	if _, ok := c.service(f.Service); !ok {
		var names []string
		for _, s := range c.Services {
			names = append(names, s.Name)
		}
		refuse(w, http.StatusUnprocessableEntity, fmt.Sprintf("the service %.100q is not in the configuration; %s", f.Service, analysis.Suggest(f.Service, names)), curlFeedback)
		return
	}
	f.At = e.opt.Now().UTC()
	if f.Template == "" {
		f.Template, f.Title = e.named(f)
	}
	stands, err := e.keepFeedback(r.Context(), kind, f)
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, "the feedback was not kept: "+err.Error(), "send it again")
		return
	}
	answer(w, http.StatusOK, stands)
}

// named returns the template or the title of what feedback is about, as the
// catalogue or the last tick has it.
func (e *Exporter) named(f Feedback) (template, title string) {
	name, crash := "", false
	for _, j := range e.snap.Load().all() {
		for _, s := range j.seen {
			if j.rollout.Service == f.Service && s.ID == f.ID {
				name, crash = s.Name, s.Crash
			}
		}
	}
	if name == "" {
		m := e.memory.Load()
		m.mu.Lock()
		if s, ok := m.of(f.Service).seen[f.ID]; ok {
			name, crash = s.Name, s.Crash
		}
		m.mu.Unlock()
	}
	if crash {
		return "", cmp.Or(f.Title, name)
	}
	return name, f.Title
}

// keepFeedback keeps an action as the next of those on its cluster. Saying what
// holds already, or undoing what was never said, changes nothing.
func (e *Exporter) keepFeedback(ctx context.Context, kind string, f Feedback) (Feedback, error) {
	m := e.memory.Load()
	data, err := json.Marshal(f)
	if err != nil {
		return f, err
	}
	for range 10 {
		last, said, n := m.last(f.Service, f.ID)
		if kind == factFeedback && said && last.Risk == f.Risk && last.Note == f.Note {
			return last, nil
		}
		if kind == factUndone && !said {
			return Feedback{Service: f.Service, ID: f.ID, At: f.At}, nil
		}
		fact := ledger.Fact{Key: fmt.Sprintf("feedback/%s/%s/%d", f.Service, f.ID, n), Kind: kind, At: f.At, Data: data}
		first, err := e.ledger.Append(ctx, fact)
		if err != nil {
			return f, err
		}
		if !first {
			continue // another request was faster; its fact is folded in a moment
		}
		if err := m.fold(fact); err != nil {
			return f, err
		}
		e.log.Info("feedback", "kind", kind, "service", f.Service, "id", f.ID, "risk", f.Risk, "by", f.By)
		stands, said, _ := m.last(f.Service, f.ID)
		if !said {
			stands = Feedback{Service: f.Service, ID: f.ID, At: f.At, By: f.By}
		}
		return stands, nil
	}
	return f, errors.New("others say something of it at the same time")
}

// getFeedback lists what holds, by service and newest first.
func (e *Exporter) getFeedback(w http.ResponseWriter, r *http.Request) {
	all := e.memory.Load().current(r.URL.Query().Get("service"))
	slices.SortFunc(all, func(a, b Feedback) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), b.At.Compare(a.At), cmp.Compare(a.ID, b.ID))
	})
	answer(w, http.StatusOK, all)
}

// A recalled is a cluster or signature as GET /api/v1/memory tells of it.
type recalled struct {
	ID       string        `json:"id"`
	Template string        `json:"template,omitempty"`
	Seen     *time.Time    `json:"seen"` // null if it is not in the catalogue
	Risk     analysis.Risk `json:"risk,omitempty"`
	Resolved string        `json:"resolved,omitempty"`
}

// getMemory tells what is remembered of a service, as verdicts on a release
// use it.
func (e *Exporter) getMemory(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	service := q.Get("service")
	if _, ok := e.setup.Load().config.service(service); !ok {
		refuse(w, http.StatusNotFound, fmt.Sprintf("the service %.100q is not in the configuration", service), "write ?service=NAME; GET /api/v1/services lists them")
		return
	}
	out := struct {
		Service string     `json:"service"`
		Starts  int        `json:"starts"`
		Groups  []recalled `json:"groups"`
	}{Service: service, Groups: []recalled{}}
	if known := e.recall(service, q.Get("release"), e.opt.Now()); known != nil {
		out.Starts = known.Starts
		for id, g := range known.Groups {
			k := recalled{ID: id, Template: g.Template, Risk: g.Risk, Resolved: g.Resolved}
			if !g.Seen.IsZero() {
				k.Seen = &g.Seen
			}
			out.Groups = append(out.Groups, k)
		}
	}
	slices.SortFunc(out.Groups, func(a, b recalled) int { return cmp.Compare(a.ID, b.ID) })
	answer(w, http.StatusOK, out)
}
