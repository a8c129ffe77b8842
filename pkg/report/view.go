package report

import (
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// A view is a Page with what its template shows but does not compute.
type view struct {
	Page
	Headline    string
	LogEvidence string // empty if not known
	FirstFail   string
	Calls       string        // the services that it calls, and the source of each; empty if not configured
	Evidence    template.HTML // chart; empty if there is none
	Parts       []partView
	Shown       []signalView
}

// A partView is a line on one stage or one place of a rollout.
type partView struct {
	Verdict    andon.Decision
	Name, When string
	Evidence   andon.Number
	Reason     string
}

// parts returns the stages, if there is more than one, and the places.
func parts(v andon.Verdict) []partView {
	var out []partView
	for _, s := range v.Stages {
		if len(v.Stages) < 2 {
			break
		}
		when := "since " + hour(s.From)
		if s.To != nil {
			when = hour(s.From) + " to " + hour(*s.To)
		}
		out = append(out, partView{s.Verdict, fmt.Sprintf("stage %d", s.Stage), when, s.Evidence, s.Reason})
	}
	for _, s := range v.Scopes {
		out = append(out, partView{s.Verdict, strings.TrimSpace(s.Label + " " + s.Value), "", s.Evidence, s.Reason})
	}
	return out
}

// maxCalls is how many services that one calls are named.
const maxCalls = 20

// callsOf lists the services that a service calls, with the source of each.
func callsOf(d *andon.Dependencies) string {
	if d == nil {
		return ""
	}
	var parts []string
	for _, c := range d.Calls[:min(len(d.Calls), maxCalls)] {
		through := ""
		if c.Through != "" {
			through = " through " + c.Through
		}
		parts = append(parts, fmt.Sprintf("%s%s (%s)", c.Service, through, c.From))
	}
	if more := len(d.Calls) - maxCalls; more > 0 {
		parts = append(parts, fmt.Sprintf("%d more", more))
	}
	out := strings.Join(parts, ", ")
	if out == "" {
		out = "no other service that Andon knows of"
	}
	if d.Notice != "" {
		out += "; " + d.Notice
	}
	return out
}

// hour writes the time of a day.
func hour(t time.Time) string { return t.UTC().Format("15:04:05") }

// A signalView is a Signal with its charts.
type signalView struct {
	Signal
	About      string // kind, unit and bad direction
	Unit       string
	Lines      []line
	More       int           // nodes that are not drawn
	Sigma      template.HTML // chart; empty if there is none
	Clamped    bool          // the deviation goes beyond the chart
	Value      template.HTML // chart; empty if there is none
	CouldChart bool          // the signal has series, so that their absence is worth a word
	Blamed     bool          // among those to blame for the fail
}

func viewOf(p Page) view {
	v := view{Page: p, Evidence: evidenceChart(p), FirstFail: "none", Calls: callsOf(p.Verdict.Dependencies)}
	switch p.Verdict.Verdict {
	case andon.Fail:
		v.Headline = "Fail: this rollout made the service worse"
	case andon.Pass:
		v.Headline = "Pass: no sign of a regression"
	case andon.Inconclusive:
		v.Headline = "Inconclusive: Andon cannot decide"
	default:
		v.Headline = "Not yet judged"
	}
	if e := float64(p.Verdict.Evidence); e > 0 {
		v.LogEvidence = logOf(e)
	}
	if t := p.Verdict.FirstFail; t != nil {
		v.FirstFail = since(t.Sub(p.Rollout.FirstStage()))
	}
	v.Parts = parts(p.Verdict)
	colours := make(palette)
	for _, s := range p.Signals {
		v.Shown = append(v.Shown, signalOf(s, p.Rollout, colours))
	}
	return v
}

func signalOf(s Signal, ro andon.Rollout, colours palette) signalView {
	v := signalView{Signal: s, Unit: s.Signal.Unit, CouldChart: s.Signal.Metric != ""}
	about := []string{}
	if s.Signal.Unit != "" {
		about = append(about, s.Signal.Unit)
	}
	switch s.Signal.Worse {
	case andon.Lower:
		about = append(about, "lower is worse")
	case andon.Both:
		about = append(about, "any change is worse")
	case andon.Higher, "":
		if s.Signal.Metric != "" {
			about = append(about, "higher is worse")
		}
	}
	v.About = strings.Join(about, ", ")
	v.Blamed = slices.ContainsFunc(s.Findings, func(f andon.Finding) bool { return f.Blamed })
	first := ""
	if len(s.Findings) > 0 {
		first = s.Findings[0].Node
	}
	v.Lines = lines(s.Deviations, first)
	if len(v.Lines) == 0 {
		return v
	}
	colours.paint(v.Lines)
	v.More = len(s.Deviations) - len(v.Lines)
	v.Sigma, v.Clamped = sigmaChart(v.Lines, ro, s.Signal.Name)
	v.Value = valueChart(v.Lines, ro, s.Signal)
	return v
}

// since writes how long after the first stage something was.
func since(d time.Duration) string {
	if d < 0 {
		return andon.Spell(-d) + " before stage 1"
	}
	return andon.Spell(d) + " after stage 1"
}

// qualities explain each Quality other than OK, with what to do.
var qualities = map[andon.Quality]string{
	andon.NoCandidateData: "no samples from the candidate: check that it runs and that its labels match the rollout",
	andon.NoControlData:   "no samples from control: check that the old version still runs somewhere",
	andon.NoSeries:        "the query returns no series for either side: check the signal's query and labels",
	andon.LowExposure:     "too little traffic to judge",
	andon.Stale:           "no recent samples",
	andon.SourceError:     "the source did not answer",
	andon.Ambiguous:       "another rollout may be the cause: hold them all, and roll them back one by one",
}

// quality explains q; empty if it is OK.
func quality(q andon.Quality) string {
	if q == andon.OK || q == "" {
		return ""
	}
	if s, ok := qualities[q]; ok {
		return s
	}
	return string(q)
}
