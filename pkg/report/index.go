package report

import (
	_ "embed"
	"html/template"
	"io"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// An IndexPage lists rollouts.
type IndexPage struct {
	Title    string    // "Andon" if empty
	At       time.Time // when the list was true; not shown if zero
	UnderWay []Row     // in the order in which they are shown
	Ended    []Row     // lately
	Notes    []string  // what people should know first: a source that does not answer
	Links    []Link    // to further pages
}

// A Row is one rollout of an IndexPage.
type Row struct {
	Rollout andon.Rollout
	Verdict andon.Verdict // its zero value says that there is none yet
	Href    string        // the rollout's page; no link if empty
}

// A Link leads to another page.
type Link struct {
	Text, Href string
}

//go:embed index.html
var indexHTML string

var indexTemplate = template.Must(template.New("index").Funcs(funcs).Parse(indexHTML))

// WriteIndex writes p as one self-contained HTML page.
func WriteIndex(w io.Writer, p IndexPage) error {
	if p.Title == "" {
		p.Title = "Andon"
	}
	return indexTemplate.Execute(w, p)
}
