package andon

import (
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
)

// A Problem is one problem of what somebody wrote. The same value has the same
// Problem wherever it is written: in a case, in the configuration, in an
// announcement, in a panel's query.
type Problem struct {
	Path string // of the key, such as signals[1].metric; empty if it is about the whole
	Text string // what was written, why it is wrong, what to write instead
}

// Error implements error.
func (p Problem) Error() string {
	if p.Path == "" {
		return p.Text
	}
	return p.Path + ": " + p.Text
}

// Under returns problems with path before their own paths.
func Under(path string, all []Problem) []Problem {
	out := make([]Problem, len(all))
	for i, p := range all {
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

// Parsers check queries. Where one is nil, queries of its language are not
// checked.
type Parsers struct {
	// PromQL checks a query whose series must have the labels in keep; empty
	// names in it are ignored.
	PromQL func(expr string, keep ...string) error

	LogQL func(expr string) error
}

// CheckWord checks that a word is in list; noun names the enumeration.
func CheckWord[T ~string](noun string, word T, list []T) []Problem {
	if slices.Contains(list, word) {
		return nil
	}
	known := make([]string, len(list))
	for i, w := range list {
		known[i] = string(w)
	}
	article := "a"
	if strings.ContainsRune("aeio", rune(noun[0])) {
		article = "an"
	}
	return []Problem{{Text: fmt.Sprintf("%.200q is not %s %s; %s", word, article, noun, Suggest(string(word), known))}}
}

// NotDuration returns the problem of a text that is not a duration.
func NotDuration(text string) string {
	return fmt.Sprintf("%.200q is not a duration; write a number with its unit, such as 30s, 5m or 1h", text)
}

// problems collects the problems of one value.
type problems []Problem

func (p *problems) at(path, format string, args ...any) {
	*p = append(*p, Problem{path, fmt.Sprintf(format, args...)})
}

func (p *problems) under(path string, all []Problem) { *p = append(*p, Under(path, all)...) }

// word checks a word that may be left out.
func word[T ~string](p *problems, path, noun string, w T, list []T) {
	if w != "" {
		p.under(path, CheckWord(noun, w, list))
	}
}

// label checks the name of a label, which may be left out.
func (p *problems) label(path, name string) {
	if name != "" && !model.LegacyValidation.IsValidLabelName(name) {
		p.at(path, "%q is not a label name; use letters, digits and _, such as pod", name)
	}
}

// promQL checks a query, which may be left out.
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
