package cluster

import (
	"cmp"
	"slices"
)

// A wordCount is a word that was seen at one place of a template.
type wordCount struct {
	hash  uint64
	text  string
	count int64
}

// variable tells whether the templates, which are alike but for part p (and,
// if fewer is 1, another one), are one message whose part p varies. The less
// constant text is around it, the more different words it takes:
//
//	constant words around   1   2   3 or more
//	different words at p   10   6   4           (3 in brackets, in quotes or behind "=", with at least 2 constant words)
//
// and two more if no constant word stands to the left, since messages begin
// with constant text. Enough words are a variable if they are names rather
// than words of language, or many, or if some of them are rare: of a closed
// set - states, methods, levels - every member is frequent, while an open
// vocabulary has a tail.
func (c *Clusterer) variable(members []int32, p, fewer int) bool {
	t := c.all[members[0]]
	left := t.constantsBefore(p)
	consts := t.constants() - fewer
	if t.parts[p].constant() {
		consts--
	}
	if consts <= 0 {
		return false
	}
	words, total, typed := c.wordsAt(members, p)
	d := len(words)
	marked, rare := 0, 0
	for i := range words {
		w := &words[i]
		if failure(w.text) {
			return false
		}
		if isName(w.text) {
			marked++
		}
		if w.count <= 3 || w.count*8*int64(d) <= total {
			rare++
		}
	}
	if typed && d > 0 && consts >= 2 {
		return true
	}
	if d > 1 && consts >= 2 && numbered(words) {
		return true
	}
	inside := t.inside(p)
	least := 4
	switch {
	case inside && consts >= 2:
		least = 3
	case consts == 1:
		least = 10
	case consts == 2:
		least = 6
	}
	if left == 0 {
		least += 2
	}
	if consts >= 3 && left > 0 && marked == d {
		least = 3
	}
	return d >= least && (inside || 8*marked >= d || d >= 8 || 4*rare >= d)
}

// independent tells whether the two parts of b vary each by itself: more
// combinations were seen than it takes to see each word once. Messages that
// differ by chance in two places do not come in all combinations.
func (c *Clusterer) independent(b bucket) bool {
	t := c.all[b.members[0]]
	if t.constants() < 2 || t.constantsBefore(b.at) == 0 {
		return false
	}
	different := 0
	for _, p := range [2]int{b.at, b.and} {
		words, _, typed := c.wordsAt(b.members, p)
		different += len(words)
		if typed {
			different++
		}
		for i := range words {
			if failure(words[i].text) {
				return false
			}
		}
	}
	return len(b.members) > different
}

// wordsAt returns the different words at p, how many lines there are in all,
// and whether some of them have a value there.
func (c *Clusterer) wordsAt(members []int32, p int) (words []wordCount, total int64, typed bool) {
	words = c.merger.words[:0]
	for _, i := range members {
		t := c.all[i]
		total += t.count
		x := &t.parts[p]
		if x.hash == hashValue {
			typed = true
			continue
		}
		words = append(words, wordCount{x.hash, x.text, t.count})
	}
	slices.SortFunc(words, func(a, b wordCount) int { return cmp.Compare(a.hash, b.hash) })
	n := 0
	for i := range words {
		if n > 0 && words[n-1].hash == words[i].hash {
			words[n-1].count += words[i].count
			continue
		}
		words[n] = words[i]
		n++
	}
	c.merger.words = words
	return words[:n], total, typed
}

// numbered tells whether the words are one name with different numbers: three
// of them, or two if the numbers are long or the first of a count (eth0, eth1).
// IPv4 and IPv6 are not.
func numbered(words []wordCount) bool {
	long, counted := false, len(words) == 2
	for i := range words {
		h, digits := unnumbered(words[i].text)
		if digits == 0 {
			return false
		}
		if first, _ := unnumbered(words[0].text); h != first {
			return false
		}
		long = long || digits > 1
		last := words[i].text[len(words[i].text)-1]
		counted = counted && (last == '0' || last == '1')
	}
	return len(words) > 2 || long || counted
}

// unnumbered is a hash of text with all numbers alike, and how many digits it has.
func unnumbered(text string) (h uint64, digits int) {
	run := false
	for i := range len(text) {
		c := text[i]
		if classes[c]&digit != 0 {
			digits++
			if run {
				continue
			}
			run, c = true, '0'
		} else {
			run = false
		}
		h = (h ^ uint64(c)) * prime1
	}
	return h, digits
}

// named tells whether text has a letter: whether it is a word to people.
func named(text string) bool {
	for i := range len(text) {
		if classes[text[i]]&letter != 0 {
			return true
		}
	}
	return false
}

// failure tells whether text names an error: never hide which one.
func failure[T string | []byte](text T) bool {
	n := len(text)
	return n > 5 && string(text[n-5:]) == "Error" || n > 9 && string(text[n-9:]) == "Exception"
}

// isName tells whether text looks like a name rather than a word of language:
// by a digit, a mark, a capital after a small letter. Words in capitals alone
// are states and the like.
func isName(text string) bool {
	marked, small := false, false
	for i := range len(text) {
		c := text[i]
		cl := classes[c]
		switch {
		case cl&digit != 0:
			return true
		case cl&joiner != 0, c == '_', c == '$', small && cl&upper != 0:
			marked = true
		case cl&letter != 0 && cl&upper == 0:
			small = true
		}
	}
	return marked && small
}

// inside tells whether part p stands where values do: in brackets, in quotes,
// behind "=", or behind ":" without a blank.
func (t *template) inside(p int) bool {
	depth := 0
	for k := range t.parts[:p] {
		if t.parts[k].kind == mark {
			depth += nesting(t.parts[k].text)
		}
	}
	if depth > 0 || p == 0 || t.parts[p-1].kind != mark {
		return depth > 0
	}
	before := &t.parts[p-1]
	return opens(before.text) || before.text == ":" && p > 1 && !before.space && !t.parts[p].space && t.parts[p-2].kind != mark
}

// nesting is by how much a mark opens or closes brackets.
func nesting(text string) int {
	switch text[0] {
	case '(', '[', '{':
		return 1
	case ')', ']', '}':
		return -1
	}
	return 0
}

func opens(text string) bool {
	switch text[0] {
	case '=', '<', '"', '\'':
		return true
	}
	return false
}
