package cluster

import (
	"regexp"
	"strings"
)

// HasText reports whether anything in a template is constant.
func HasText(template string) bool {
	return strings.TrimSpace(strings.ReplaceAll(template, wildcard, "")) != ""
}

// Regexp returns a regular expression (RE2 syntax, as Loki's line filters take
// it) that matches lines with the template somewhere in them, a header or a
// JSON quotation around it. Blanks match any white space, a wildcard any text.
//
// Special cases are:
//
//	a template without text: lines of nothing but as many words
//	the empty template: lines of nothing but white space
//
// Those would fit any line; a header before them is not allowed for.
func Regexp(template string) string {
	if strings.TrimSpace(template) == "" {
		return `^\s*$`
	}
	any := ".*?"
	if !HasText(template) {
		any = `\S+`
	}
	var b strings.Builder
	for k, part := range strings.Split(template, wildcard) {
		if k > 0 {
			b.WriteString(any)
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
