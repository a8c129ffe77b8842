package cluster

import (
	"regexp"
	"strings"
)

// Regexp returns a regular expression (RE2 syntax, as Loki's line filters take
// it) that matches lines with the template somewhere in them, a header or a
// JSON quotation around it. Blanks match any white space, a wildcard any text.
func Regexp(template string) string {
	var b strings.Builder
	for k, part := range strings.Split(template, wildcard) {
		if k > 0 {
			b.WriteString(".*?")
		}
		for j, w := range strings.Split(part, " ") {
			if j > 0 {
				b.WriteString(`\s+`)
			}
			b.WriteString(regexp.QuoteMeta(w))
		}
	}
	return b.String()
}
