package plugin

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/grafana/grafana-plugin-sdk-go/backend/resource/httpadapter"

	"github.com/andon-project/andon/pkg/analysis"
)

// editors are the roles that may say what they think of a cluster.
var editors = []string{"Editor", "Admin", "Grafana Admin"}

var risks = []analysis.Risk{analysis.HighRisk, analysis.MediumRisk, analysis.NoRisk}

// A feedback is what a person says of a log cluster or a crash signature.
type feedback struct {
	Service  string        `json:"service"`
	Cluster  string        `json:"cluster"`
	Template string        `json:"template,omitempty"` // so that the cluster's lines are known again
	Risk     analysis.Risk `json:"risk"`               // empty takes back what was said
	By       string        `json:"by"`                 // login of the person
}

// feedback answers POST /feedback: it passes on what the person who is logged
// in at Grafana says.
func (d *Datasource) feedback(req *http.Request) (any, error) {
	f, err := said(req)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(risks, f.Risk) {
		return nil, badBody{fmt.Errorf("risk: %q is not one of %v", f.Risk, risks)}
	}
	return d.tell(req, f)
}

// undoFeedback answers POST /feedback/undo: it takes back what was said.
func (d *Datasource) undoFeedback(req *http.Request) (any, error) {
	f, err := said(req)
	if err != nil {
		return nil, err
	}
	f.Risk = ""
	return d.tell(req, f)
}

// said reads feedback and sees that who gives it may.
func said(req *http.Request) (feedback, error) {
	var f feedback
	if err := decode(req, &f, `{"service": "…", "cluster": "…", "template": "…", "risk": "high"}`); err != nil {
		return f, err
	}
	who := httpadapter.UserFromContext(req.Context())
	switch {
	case who == nil || !slices.Contains(editors, who.Role):
		return f, forbidden{errors.New("only editors and administrators may give feedback; ask one of your organization")}
	case f.Service == "" || f.Cluster == "":
		return f, badBody{errors.New("service and cluster are wanted")}
	}
	f.By = who.Login // whatever the body said
	return f, nil
}

func (d *Datasource) tell(req *http.Request, f feedback) (any, error) {
	var kept map[string]any
	err := d.config.Exporter.call(req.Context(), http.MethodPost, "/api/v1/feedback", f, &kept)
	return kept, err
}
