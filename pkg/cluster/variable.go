package cluster

// variable tells whether the templates, which are alike but for part p, are
// one message whose part p varies. The less constant text is around it, the
// more different words it takes.
func (c *Clusterer) variable(members []int32, p int) bool {
	t := c.all[members[0]]
	consts, left := 0, 0
	for k := range t.parts {
		if k != p && t.parts[k].kind == word && named(t.parts[k].text) {
			consts++
			if k < p {
				left++
			}
		}
	}
	if consts == 0 {
		return false
	}
	d, hasValue, marked := 0, false, 0
	total := int64(0)
	for _, i := range members {
		x := &c.all[i].parts[p]
		total += c.all[i].count
		if x.kind == value || x.hash == hashValue {
			hasValue = true
			continue
		}
		d++
		if failure(x.text) {
			return false
		}
		if isMarked(x.text) {
			marked++
		}
	}
	if hasValue && d > 0 && consts >= 2 {
		return true
	}
	context := p > 0 && t.parts[p-1].kind == mark && (opens(t.parts[p-1].text))
	T := 4
	switch {
	case consts == 1:
		T = 10
	case consts == 2:
		T = 6
	case context:
		T = 3
	}
	if context && consts == 2 {
		T = 3
	}
	if left == 0 {
		T += 2
	}
	if d < T {
		return false
	}
	if context || 8*marked >= d || d >= 8 {
		return true
	}
	rare := 0
	for _, i := range members {
		if n := c.all[i].count; n <= 3 || n*8*int64(d) <= total {
			rare++
		}
	}
	return 4*rare >= d
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
func failure(text string) bool {
	n := len(text)
	return n > 5 && text[n-5:] == "Error" || n > 9 && text[n-9:] == "Exception"
}

// isMarked tells whether text looks like a name rather than a word of language.
func isMarked(text string) bool {
	for i := range len(text) {
		c := text[i]
		cl := classes[c]
		if cl&digit != 0 || cl&joiner != 0 || c == '_' || c == '$' || i > 0 && cl&upper != 0 && classes[text[i-1]]&(letter|upper) == letter {
			return true
		}
	}
	return false
}

func opens(text string) bool {
	switch text[0] {
	case '=', '(', '[', '<', '"', '\'':
		return true
	}
	return false
}
