package plugin

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/andon-project/andon/pkg/andon"
)

// feedbackRoles are the roles that may give feedback.
var feedbackRoles = []string{"Editor", "Admin", "Grafana Admin"}

// feedback answers POST /feedback: it sends the feedback of the logged-in user to
// the exporter.
func (s resources) feedback(req *http.Request) (any, error) {
	f, err := readFeedback(req)
	if err != nil {
		return nil, err
	}
	for _, p := range andon.Under("risk", andon.CheckWord("risk", f.Risk, andon.Risks)) {
		return nil, badBodyError{p}
	}
	return s.sources.exporter().giveFeedback(req.Context(), f)
}

// undoFeedback answers POST /feedback/undo: it takes back the last feedback.
func (s resources) undoFeedback(req *http.Request) (any, error) {
	f, err := readFeedback(req)
	if err != nil {
		return nil, err
	}
	f.Risk = ""
	return s.sources.exporter().undoFeedback(req.Context(), f)
}

// A feedbackRequest is feedback on a log cluster or a crash signature.
type feedbackRequest struct {
	Service  string     `json:"service"`
	ID       string     `json:"id,omitempty"`
	Cluster  string     `json:"cluster,omitempty"` // the same as id, named like the column of tables
	Template string     `json:"template,omitempty"`
	Title    string     `json:"title,omitempty"`
	Risk     andon.Risk `json:"risk,omitempty"` // left out to take back the last feedback
	Note     string     `json:"note,omitempty"`
}

// readFeedback reads feedback, which only editors may give. Its author is the
// logged-in user, whatever the body says.
func readFeedback(req *http.Request) (andon.Feedback, error) {
	var body feedbackRequest
	if err := decode(req, &body, `{"service": "…", "cluster": "…", "risk": "high"}`); err != nil {
		return andon.Feedback{}, err
	}
	f := andon.Feedback{Service: body.Service, ID: cmp.Or(body.ID, body.Cluster), Template: body.Template, Title: body.Title, Risk: body.Risk, Note: body.Note}
	if strings.Contains(f.ID, "-") { // it begins with a version, so it is the id of a signature
		f.Template, f.Title = "", cmp.Or(f.Title, f.Template)
	}
	user := backend.UserFromContext(req.Context())
	switch {
	case user == nil || !slices.Contains(feedbackRoles, user.Role):
		return f, forbiddenError{errors.New("only editors and administrators of Grafana may give feedback")}
	case f.Service == "" || f.ID == "":
		return f, badBodyError{errors.New("service and cluster must be set")}
	}
	f.By = user.Login
	return f, nil
}
