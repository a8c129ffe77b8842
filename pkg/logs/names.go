package logs

import (
	"fmt"
	"strings"
)

// title returns a group's template, or its crash's title.
func (b *Comparison) title(g *group) string { return b.grouper.title(g.id) }

// name returns what a group is called in a sentence.
func (b *Comparison) name(g *group) string {
	switch {
	case strings.TrimSpace(b.title(g)) == "":
		return "an empty line"
	case b.Crashes():
		return clipped(b.title(g), 120)
	}
	return fmt.Sprintf("“%s”", clipped(b.title(g), 120))
}

func clipped(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n]) + "…"
}
