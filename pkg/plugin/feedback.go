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

// editors are the roles that may say what they think of a cluster.
var editors = []string{"Editor", "Admin", "Grafana Admin"}

// feedback answers POST /feedback: it passes on what the person who is logged
// in at Grafana says.
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

// undoFeedback answers POST /feedback/undo: it takes back what was said.
func (s resources) undoFeedback(req *http.Request) (any, error) {
	f, err := readFeedback(req)
	if err != nil {
		return nil, err
	}
	f.Risk = ""
	return s.sources.exporter().undoFeedback(req.Context(), f)
}

// readFeedback reads feedback, which is forbidden to all but editors. It is in
// the name of who is logged in, whatever the body says.
func readFeedback(req *http.Request) (andon.Feedback, error) {
	var body struct {
		Service  string     `json:"service"`
		ID       string     `json:"id"`
		Cluster  string     `json:"cluster"` // the id, by the name of a table's column
		Template string     `json:"template"`
		Title    string     `json:"title"`
		Risk     andon.Risk `json:"risk"`
		Note     string     `json:"note"`
	}
	if err := decode(req, &body, `{"service": "…", "cluster": "…", "risk": "high"}`); err != nil {
		return andon.Feedback{}, err
	}
	f := andon.Feedback{Service: body.Service, ID: cmp.Or(body.ID, body.Cluster), Template: body.Template, Title: body.Title, Risk: body.Risk, Note: body.Note}
	if strings.Contains(f.ID, "-") { // a signature's begins with a version
		f.Template, f.Title = "", cmp.Or(f.Title, f.Template)
	}
	user := backend.UserFromContext(req.Context())
	switch {
	case user == nil || !slices.Contains(editors, user.Role):
		return f, forbiddenError{errors.New("only editors and administrators may give feedback; ask one of your organization")}
	case f.Service == "" || f.ID == "":
		return f, badBodyError{errors.New("service and cluster are wanted")}
	}
	f.By = user.Login
	return f, nil
}
