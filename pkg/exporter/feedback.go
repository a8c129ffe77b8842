package exporter

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hashicorp/go-hclog"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/logs/cluster"
)

const feedbackHint = `for example: curl -d '{"service":"checkout","id":"5f3c…","risk":"none","by":"ann"}' http://localhost:9415/api/v1/feedback`

// A clusterID is 16 hexadecimal digits, a signature's the algorithm's version
// and as many.
var groupID = regexp.MustCompile(`^(?:v[0-9]{1,3}-)?[0-9a-f]{16}$`)

// What people may write into a Feedback, in bytes.
const (
	maxTemplate = 8 << 10
	maxNote     = 1 << 10
	maxName     = 200
)

// parseFeedback reads the body of a POST.
func parseFeedback(body []byte) (andon.Feedback, error) {
	var f andon.Feedback
	keys := []string{"service", "id", "template", "title", "risk", "by", "note"}
	if err := decodeBody(body, &f, keys, "valid feedback", "the feedback; send one feedback at a time"); err != nil {
		return f, err
	}
	switch {
	case f.Service == "":
		return f, errors.New(`"service" is missing; write the name of a service in the configuration`)
	case !groupID.MatchString(f.ID):
		return f, fmt.Errorf(`"id" %.60q is not the id of a cluster (16 hexadecimal digits) or of a crash signature`, f.ID)
	case len(f.Template) > maxTemplate || len(f.Note) > maxNote || len(f.Title) > maxNote || len(f.By) > maxName || len(f.Service) > maxName:
		return f, fmt.Errorf(`too long; the maximum is %d bytes for "template", %d for "note" and "title", %d for "by" and "service"`, maxTemplate, maxNote, maxName)
	case f.Template != "" && cluster.IDOf(f.Template).String() != f.ID:
		return f, errors.New(`"template" and "id" are of different clusters; leave out "template", or send both as they are in the verdict`)
	}
	for _, s := range []string{f.Service, f.Template, f.Title, f.By, f.Note} {
		if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			return f, errors.New("the body is not valid UTF-8, or contains a zero byte")
		}
	}
	return f, nil
}

// A feedbackAPI accepts feedback on clusters and signatures, and shows what is
// remembered of them.
type feedbackAPI struct {
	settings  *settings
	snapshots *snapshots
	memory    *memory
	facts     *facts
	now       func() time.Time
	log       hclog.Logger
}

// postFeedback keeps feedback on a cluster or a signature.
func (a feedbackAPI) postFeedback(w http.ResponseWriter, r *http.Request) {
	a.accept(w, r, func(f andon.Feedback) error {
		for _, p := range andon.Under("risk", andon.CheckWord("risk", f.Risk, andon.Risks)) {
			return p
		}
		return nil
	}, factFeedback)
}

// undoFeedback undoes the last feedback.
func (a feedbackAPI) undoFeedback(w http.ResponseWriter, r *http.Request) {
	a.accept(w, r, func(f andon.Feedback) error {
		if f.Risk != "" {
			return errors.New(`"risk" must be left out: the last feedback is undone, whatever its risk`)
		}
		return nil
	}, factUndone)
}

// accept keeps one action and answers with the feedback that is then in force.
func (a feedbackAPI) accept(w http.ResponseWriter, r *http.Request, check func(andon.Feedback) error, kind string) {
	body, ok := readBody(w, r, maxAnnouncement)
	if !ok {
		return
	}
	f, err := parseFeedback(body)
	if err == nil {
		err = check(f)
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error(), feedbackHint)
		return
	}
	c := a.settings.current().config
	if _, ok := c.Service(f.Service); !ok {
		refuse(w, http.StatusUnprocessableEntity, unknownService(c, f.Service), feedbackHint)
		return
	}
	f.At = a.now().UTC()
	if f.Template == "" {
		f.Template, f.Title = a.name(f)
	}
	stands, err := a.keep(r.Context(), kind, f)
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, "the feedback was not stored: "+err.Error(), "send it again")
		return
	}
	answer(w, http.StatusOK, stands)
}

// name returns the template or the title of what feedback is about, as the
// catalogue or the last tick has it.
func (a feedbackAPI) name(f andon.Feedback) (template, title string) {
	name, crash := "", false
	for _, j := range a.snapshots.current().all() {
		for _, s := range j.seen {
			if j.rollout.Service == f.Service && s.ID == f.ID {
				name, crash = s.Name, s.Crash
			}
		}
	}
	if name == "" {
		if s, ok, _ := a.memory.entry(f.Service, f.ID); ok {
			name, crash = s.Name, s.Crash
		}
	}
	if crash {
		return "", cmp.Or(f.Title, name)
	}
	return name, f.Title
}

// keep keeps an action as the next of those on its cluster. Repeating the last
// feedback, or undoing where there is none, changes nothing.
func (a feedbackAPI) keep(ctx context.Context, kind string, f andon.Feedback) (andon.Feedback, error) {
	m := a.memory
	for range 10 {
		last, found, n := m.last(f.Service, f.ID)
		if kind == factFeedback && found && last.Risk == f.Risk && last.Note == f.Note {
			return last, nil
		}
		if kind == factUndone && !found {
			return andon.Feedback{Service: f.Service, ID: f.ID, At: f.At}, nil
		}
		fact, err := newFact(kind, fmt.Sprintf("feedback/%s/%s/%d", f.Service, f.ID, n), f.At, f)
		if err != nil {
			return f, err
		}
		first, err := a.facts.keep(ctx, fact)
		if err != nil {
			return f, err
		}
		if !first {
			continue // another request was faster; its fact is folded in a moment
		}
		a.log.Info("feedback", "kind", kind, "service", f.Service, "id", f.ID, "risk", f.Risk, "by", f.By)
		stands, found, _ := m.last(f.Service, f.ID)
		if !found {
			stands = andon.Feedback{Service: f.Service, ID: f.ID, At: f.At, By: f.By}
		}
		return stands, nil
	}
	return f, errors.New("others give feedback on it at the same time")
}

// getFeedback lists the newest feedback on each, by service and newest first.
func (a feedbackAPI) getFeedback(w http.ResponseWriter, r *http.Request) {
	all := a.memory.current(r.URL.Query().Get("service"))
	slices.SortFunc(all, func(a, b andon.Feedback) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), b.At.Compare(a.At), cmp.Compare(a.ID, b.ID))
	})
	answer(w, http.StatusOK, all)
}

// getMemory shows what is remembered of a service for verdicts on a release.
func (a feedbackAPI) getMemory(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	service := q.Get("service")
	c := a.settings.current().config
	if _, ok := c.Service(service); !ok {
		refuse(w, http.StatusNotFound, unknownService(c, service), "write ?service=NAME; GET /api/v1/services lists the names")
		return
	}
	out := andon.ServiceMemory{Service: service, Groups: []andon.MemoryEntry{}}
	if known := a.memory.recall(service, q.Get("release"), a.now()); known != nil {
		out.Starts = known.Starts
		for id, g := range known.Groups {
			k := andon.MemoryEntry{ID: id, Template: g.Template, Risk: g.Risk, Resolved: g.Resolved}
			if !g.Seen.IsZero() {
				k.Seen = &g.Seen
			}
			out.Groups = append(out.Groups, k)
		}
	}
	slices.SortFunc(out.Groups, func(a, b andon.MemoryEntry) int { return cmp.Compare(a.ID, b.ID) })
	answer(w, http.StatusOK, out)
}
