package cluster

import (
	"regexp"
	"strings"
)

// HasText reports whether anything in a template is constant.
func HasText(template string) bool {
	return strings.TrimSpace(strings.ReplaceAll(template, wildcard, "")) != ""
}

// Regexp returns a regular expression, in the RE2 syntax of Loki's line filters,
// that matches lines with the template anywhere in them: behind a header, or within
// JSON. A blank matches any white space, a wildcard any text.
//
// Special cases are:
//
//	a template without constant text: lines of exactly as many words, without a header
//	the empty template: lines of white space only
func Regexp(template string) string {
	if strings.TrimSpace(template) == "" {
		return `^\s*$`
	}
	hole := ".*?"
	if !HasText(template) {
		hole = `\S+`
	}
	var b strings.Builder
	for k, part := range strings.Split(template, wildcard) {
		if k > 0 {
			b.WriteString(hole)
		}
		for j, w := range strings.Split(part, " ") {
			if j > 0 {
				b.WriteString(`\s+`)
			}
			b.WriteString(regexp.QuoteMeta(w))
		}
	}
	if !HasText(template) {
		return `^\s*` + b.String() + `\s*$`
	}
	return b.String()
}
