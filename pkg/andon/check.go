package andon

import (
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
)

// A Problem is one thing that is wrong with what somebody wrote. The same value
// has the same Problem wherever it is written: in a case, in the configuration,
// in an announcement, in a panel's query.
type Problem struct {
	Path string // of the key, such as signals[1].metric; empty if it is about the whole
	Text string // what is there, what was expected, what to write instead
}

// Error implements error.
func (p Problem) Error() string {
	if p.Path == "" {
		return p.Text
	}
	return p.Path + ": " + p.Text
}

// Under returns the problems of what lies at path.
func Under(path string, of []Problem) []Problem {
	out := make([]Problem, len(of))
	for i, p := range of {
		switch {
		case path == "":
		case p.Path == "":
			p.Path = path
		case p.Path[0] == '[':
			p.Path = path + p.Path
		default:
			p.Path = path + "." + p.Path
		}
		out[i] = p
	}
	return out
}

// Parsers tell whether queries can be read. Where one is nil, queries of its
// language are not looked at.
type Parsers struct {
	// PromQL returns what is wrong with a query that has to answer with series
	// which have the labels of keep; empty names are passed over.
	PromQL func(expr string, keep ...string) error

	LogQL func(expr string) error
}

// CheckWord returns what is wrong with a word of which what is the name of its
// enumeration and list are the words that there are.
func CheckWord[T ~string](what string, word T, list []T) []Problem {
	if slices.Contains(list, word) {
		return nil
	}
	known := make([]string, len(list))
	for i, w := range list {
		known[i] = string(w)
	}
	article := "a"
	if strings.ContainsRune("aeio", rune(what[0])) {
		article = "an"
	}
	return []Problem{{Text: fmt.Sprintf("%.200q is not %s %s; %s", word, article, what, Suggest(string(word), known))}}
}

// NotDuration says what is wrong with a text that is no duration.
func NotDuration(text string) string {
	return fmt.Sprintf("%.200q is not a duration; write a number with its unit, such as 30s, 5m or 1h", text)
}

// problems collects what is wrong with one thing.
type problems []Problem

func (p *problems) at(path, format string, args ...any) {
	*p = append(*p, Problem{path, fmt.Sprintf(format, args...)})
}

func (p *problems) under(path string, of []Problem) { *p = append(*p, Under(path, of)...) }

// word adds what is wrong with a word that may be left out.
func word[T ~string](p *problems, path, what string, w T, list []T) {
	if w != "" {
		p.under(path, CheckWord(what, w, list))
	}
}

// label adds that a name is not that of a label; it may be left out.
func (p *problems) label(path, name string) {
	if name != "" && !model.LegacyValidation.IsValidLabelName(name) {
		p.at(path, "%q is not a label name; use letters, digits and _, such as pod", name)
	}
}

// promQL adds what is wrong with a query, which may be left out.
func (p *problems) promQL(path, expr string, parse Parsers, keep ...string) {
	if expr == "" || parse.PromQL == nil {
		return
	}
	if err := parse.PromQL(expr, keep...); err != nil {
		p.at(path, "%v", err)
	}
}

func (p *problems) logQL(path, expr string, parse Parsers) {
	if expr == "" || parse.LogQL == nil {
		return
	}
	if err := parse.LogQL(expr); err != nil {
		p.at(path, "%v", err)
	}
}
