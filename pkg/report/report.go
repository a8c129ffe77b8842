package report

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/judge"
)

// A Page is all that is shown of one rollout.
type Page struct {
	Rollout andon.Rollout
	Service andon.Service
	Verdict andon.Verdict
	Trail   []judge.Point // evidence over time, oldest first; no chart if empty
	Label   Label         // by a person; the zero Label if there is none

	Signals []Signal // filled in by Collect, the one with the largest part in the evidence first
	Notes   []string // what people should know of the data; Collect adds to them

	Home string // address of the index; no link if empty
}

// A Label is what a person decided about a rollout.
type Label struct {
	Regression     bool // it made its service worse
	Author, Reason string
	At             time.Time
}

// A Signal is what one signal of the service showed.
type Signal struct {
	Signal     andon.Signal
	Findings   []andon.Finding       // strongest first; none if the signal was not judged
	Deviations []deviation.Deviation // one a candidate node; no charts if empty
}

// part returns the signal's part in the rollout's evidence; 0 if it has none.
func (s Signal) part() float64 {
	part := 0.
	for _, f := range s.Findings {
		if p := float64(f.Evidence * f.Weight); p > part {
			part = p
		}
	}
	return part
}

// leadTime is how much of the time before a rollout is shown.
const leadTime = time.Hour

// Collect returns p with its Signals: for each signal of p.Service it queries the
// deviation from one hour before the rollout to the time of the verdict. A query
// that fails becomes a note, so that the page shows the rest; only the end of ctx
// is an error.
func Collect(ctx context.Context, source deviation.Source, p Page) (Page, error) {
	step := p.Service.Bin()
	r := andon.Range{Start: p.Rollout.Started.Add(-leadTime).Truncate(step), End: p.Verdict.At.Truncate(step), Step: step}
	notes := append([]string(nil), p.Notes...)
	p.Signals = make([]Signal, 0, len(p.Service.Signals))
	for _, sig := range p.Service.Signals {
		shown := Signal{Signal: sig, Findings: findingsOf(sig.Name, p.Verdict.Findings)}
		if sig.Metric != "" && r.End.After(r.Start) {
			d, err := source.Deviate(ctx, andon.Compare(p.Rollout, p.Service, sig), r)
			if ctx.Err() != nil {
				return Page{}, fmt.Errorf("collecting the page of rollout %s: %w", p.Rollout.ID, ctx.Err())
			}
			if err != nil {
				notes = append(notes, fmt.Sprintf("%s has no chart: %v", sig.Name, err))
			}
			shown.Deviations = d
		}
		p.Signals = append(p.Signals, shown)
	}
	p.Signals = append(p.Signals, unnamedSignals(p)...)
	slices.SortStableFunc(p.Signals, func(a, b Signal) int { return cmp.Compare(b.part(), a.part()) })
	p.Notes = notes
	return p, nil
}

// findingsOf returns the findings of the signal of that name.
func findingsOf(name string, all []andon.Finding) []andon.Finding {
	var out []andon.Finding
	for _, f := range all {
		if f.Signal == name {
			out = append(out, f)
		}
	}
	return out
}

// unnamedSignals returns what was found of signals that the service does not name:
// the absence of a node is one.
func unnamedSignals(p Page) []Signal {
	known := make(map[string]bool)
	for _, s := range p.Service.Signals {
		known[s.Name] = true
	}
	var out []Signal
	for _, f := range p.Verdict.Findings {
		if !known[f.Signal] {
			known[f.Signal] = true
			out = append(out, Signal{Signal: andon.Signal{Name: f.Signal}, Findings: findingsOf(f.Signal, p.Verdict.Findings)})
		}
	}
	return out
}

//go:embed page.html
var pageHTML string

var pageTemplate = template.Must(template.New("page").Funcs(funcs).Parse(pageHTML))

// Write writes p as one self-contained HTML page.
func Write(w io.Writer, p Page) error {
	return WriteAll(w, p.Rollout.ID, []Page{p})
}

// WriteAll writes pages one below the other as one self-contained HTML page,
// with an index before them if there is more than one.
func WriteAll(w io.Writer, title string, pages []Page) error {
	views := make([]view, len(pages))
	for i, p := range pages {
		views[i] = viewOf(p)
	}
	return pageTemplate.Execute(w, struct {
		Title string
		Pages []view
	}{title, views})
}
