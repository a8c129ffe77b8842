package strict

import (
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// decodesItself reports whether a type decodes itself, by the method of this
// YAML package or by that of the versions before it.
func decodesItself(t reflect.Type) bool {
	t = reflect.PointerTo(t)
	_, older := t.MethodByName("UnmarshalYAML")
	return older || t.Implements(reflect.TypeFor[yaml.Unmarshaler]())
}

// Fields returns the YAML keys of a struct type with the index of the field
// that holds each, inlined structs included. Other types have none.
func Fields(t reflect.Type) map[string][]int {
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
		for key, index := range Fields(field.Type) {
			keys[key] = append([]int{i}, index...)
		}
	}
	return keys
}
