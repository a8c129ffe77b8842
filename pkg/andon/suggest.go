package andon

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// UnknownKey returns the problem of an unknown key, with what to write instead.
func UnknownKey(key string, known []string) string {
	return fmt.Sprintf("unknown key %.100q; %s", key, Suggest(key, known))
}

// Suggest says what to write instead of word: the known word that was probably
// meant, or the list of all known words.
func Suggest(word string, known []string) string {
	lower := strings.ToLower(word)
	best, limit := "", 1+min(2, max(1, (len(word)+1)/3)) // short words are near to too many
	for _, k := range known {
		if len(word) >= 2 && strings.HasPrefix(k, lower) {
			best = k
			break
		}
		if d := distance(lower, k); d < limit && d < len(k) {
			best, limit = k, d
		}
	}
	switch {
	case best != "":
		return fmt.Sprintf("did you mean %s?", best)
	case len(known) == 0:
		return "leave it out"
	case len(known) == 1:
		return "write " + known[0]
	}
	return "write one of " + strings.Join(known, ", ")
}

// Keys returns the sorted names that the tag, json or yaml, gives the fields of
// a struct type, inlined structs included. Other types have none.
func Keys(t reflect.Type, tag string) []string {
	var keys []string
	if t.Kind() != reflect.Struct {
		return nil
	}
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get(tag), ",")
		switch {
		case strings.Contains(options, "inline"), f.Anonymous && name == "":
			keys = append(keys, Keys(f.Type, tag)...)
		case name != "" && name != "-" && f.IsExported():
			keys = append(keys, name)
		}
	}
	slices.Sort(keys)
	return keys
}

// distance returns how many letters must be put in, taken out, replaced or
// swapped with their neighbour to make b of a (optimal string alignment).
func distance(a, b string) int {
	if len(a) > 100 {
		return len(a)
	}
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			differs := 1
			if a[i-1] == b[j-1] {
				differs = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+differs)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}
