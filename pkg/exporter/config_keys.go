package exporter

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// unmarshals reports whether a type decodes itself, by the method of this
// YAML package or by that of the versions before it.
func unmarshals(t reflect.Type) bool {
	t = reflect.PointerTo(t)
	_, older := t.MethodByName("UnmarshalYAML")
	return older || t.Implements(reflect.TypeFor[yaml.Unmarshaler]())
}

// keysOf returns the YAML keys of a struct type with the index of the field
// that holds each, inlined structs included. Other types have none.
func keysOf(t reflect.Type) map[string][]int {
	keys := make(map[string][]int)
	if t.Kind() != reflect.Struct {
		return keys
	}
	for i := range t.NumField() {
		field := t.Field(i)
		tag, tagged := field.Tag.Lookup("yaml")
		name, options, _ := strings.Cut(tag, ",")
		if !tagged || !field.IsExported() || name == "-" {
			continue
		}
		if !strings.Contains(options, "inline") {
			keys[name] = []int{i}
			continue
		}
		for key, index := range keysOf(field.Type) {
			keys[key] = append([]int{i}, index...)
		}
	}
	return keys
}

func keyNames(t reflect.Type) []string {
	return slices.Sorted(maps.Keys(keysOf(t)))
}

// suggest says what may have been meant by word.
func suggest(word string, known []string) string {
	best, least := "", 3
	for _, k := range known {
		if d := distance(strings.ToLower(word), k); d < least && d < len(k) {
			best, least = k, d
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %s?", best)
	}
	return "write one of " + strings.Join(known, ", ")
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
