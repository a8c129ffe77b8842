package analysis

import "fmt"

// title returns a group's template, or its crash's title.
func (b *lineComparison) title(g *group) string { return b.grouper.title(g.id) }

// name returns what a group is called in a sentence.
func (b *lineComparison) name(g *group) string {
	if b.crashes() {
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
