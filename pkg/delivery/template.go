package delivery

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
	"text/template"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// functions are what templates may call beside those that text/template has
// built in (urlquery, printf, len, …).
var functions = template.FuncMap{
	// json writes a value as JSON: a text with its quotes.
	"json": func(v any) (string, error) {
		b, err := json.Marshal(v)
		return string(b), err
	},
	// base is the last part of a link's path: the number of a run from the link to it.
	"base": func(link string) (string, error) {
		u, err := url.Parse(link)
		if err != nil || path.Base(u.Path) == "." || path.Base(u.Path) == "/" {
			return "", errors.New("base: the link has no path; announce the rollout with a ref")
		}
		return url.PathEscape(path.Base(u.Path)), nil
	},
	// urlpath escapes a text for use as one part of a URL's path.
	"urlpath": url.PathEscape,
}

// maxRendered is the size that no rendered template may pass, in bytes.
const maxRendered = 1 << 20

// parse reads a template and tries it on a made-up halt, so that a field that
// does not exist is found at once and not when a rollout has to stop.
func parse(name, text string) (*template.Template, error) {
	t, err := template.New(name).Funcs(functions).Option("missingkey=error").Parse(text)
	if err != nil {
		return nil, err
	}
	_, err = try(t, "example")
	return t, err
}

// try renders t for the example of word. What keys a rollout's scope and
// selectors will have is not known yet, so a missing one is no error here.
func try(t *template.Template, word string) (string, error) {
	t, err := t.Clone()
	if err != nil {
		return "", err
	}
	return render(t.Option("missingkey=zero"), example(word))
}

func render(t *template.Template, h Halt) (string, error) {
	var b limitedBuilder
	if err := t.Execute(&b, h); err != nil {
		return "", err
	}
	return b.String(), nil
}

// limitedBuilder is a strings.Builder that refuses to grow past rendered.
type limitedBuilder struct{ strings.Builder }

func (b *limitedBuilder) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxRendered {
		return 0, fmt.Errorf("the rendered text is larger than %s", andon.Quantity(maxRendered, "bytes"))
	}
	return b.Builder.Write(p)
}

// example returns a halt in which every field is set, its texts to word.
func example(word string) Halt {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	some := andon.Selector{"version": word}
	return Halt{
		ID:     word,
		Action: ActionHalt,
		Reason: word,
		Rollout: andon.Rollout{
			ID: word, Service: word, Version: word, Previous: word, Scope: some, Strategy: andon.Canary,
			Candidate: some, Control: some, Started: at, Stages: []time.Time{at}, Ended: at,
			Tool: word, Ref: "https://ci.example/runs/" + word,
		},
		Verdict: andon.Verdict{
			Case: word, Rollout: word, Service: word, At: at, Verdict: andon.Fail, Score: 1, Evidence: 1, Blame: 1,
			FirstFail: &at, Strategy: andon.Canary, Quality: andon.OK, Reason: word,
			Findings: []andon.Finding{{Signal: word, Kind: "metric", Node: word, Onset: &at, Quality: andon.OK, Query: word, Against: word, Reason: word}},
		},
	}
}
