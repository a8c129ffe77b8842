package plugin

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/andon-project/andon/pkg/analysis"
)

// editors are the roles that may say what they think of a cluster.
var editors = []string{"Editor", "Admin", "Grafana Admin"}

// A feedback is what a person says of a log cluster or a crash signature, as
// the exporter takes it.
type feedback struct {
	Service  string        `json:"service"`
	ID       string        `json:"id"`
	Template string        `json:"template,omitempty"` // of a cluster, so that its lines are known again
	Title    string        `json:"title,omitempty"`    // of a signature
	Risk     analysis.Risk `json:"risk,omitempty"`
	Note     string        `json:"note,omitempty"`
	By       string        `json:"by"` // login of the person
}

// feedback answers POST /feedback: it passes on what the person who is logged
// in at Grafana says.
func (d *Datasource) feedback(req *http.Request) (any, error) {
	f, err := said(req)
	if err != nil {
		return nil, err
	}
	for _, p := range analysis.Under("risk", analysis.CheckWord("risk", f.Risk, analysis.Risks)) {
		return nil, badBody{p}
	}
	return d.tell(req, "/api/v1/feedback", f)
}

// undoFeedback answers POST /feedback/undo: it takes back what was said.
func (d *Datasource) undoFeedback(req *http.Request) (any, error) {
	f, err := said(req)
	if err != nil {
		return nil, err
	}
	f.Risk = ""
	return d.tell(req, "/api/v1/feedback/undo", f)
}

// said reads feedback and sees that who gives it may.
func said(req *http.Request) (feedback, error) {
	var body struct {
		feedback
		Cluster string `json:"cluster"` // the id, by the name of a table's column
	}
	if err := decode(req, &body, `{"service": "…", "cluster": "…", "risk": "high"}`); err != nil {
		return body.feedback, err
	}
	f := body.feedback
	f.ID = cmp.Or(f.ID, body.Cluster)
	if strings.Contains(f.ID, "-") { // a signature's begins with a version
		f.Template, f.Title = "", cmp.Or(f.Title, f.Template)
	}
	who := backend.UserFromContext(req.Context())
	switch {
	case who == nil || !slices.Contains(editors, who.Role):
		return f, forbidden{errors.New("only editors and administrators may give feedback; ask one of your organization")}
	case f.Service == "" || f.ID == "":
		return f, badBody{errors.New("service and cluster are wanted")}
	}
	f.By = who.Login // whatever the body said
	return f, nil
}

func (d *Datasource) tell(req *http.Request, path string, f feedback) (any, error) {
	var kept map[string]any
	err := d.config.Exporter.call(req.Context(), http.MethodPost, path, f, &kept)
	return kept, err
}
