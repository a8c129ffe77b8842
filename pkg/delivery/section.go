package delivery

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/andon-project/andon/pkg/andon"
)

// decodeSection decodes a tool's section of the configuration into what into
// points to, strictly: an unknown key, or a mapping where a value belongs, is
// an error with its line and what to write instead.
func decodeSection(tool string, n *yaml.Node, into any) error {
	// The decoder refuses aliases that contain themselves or grow without
	// bound; only then can the nodes be walked.
	var shape any
	err := n.Decode(&shape)
	if err == nil {
		if wrong := misshapen(n, reflect.TypeOf(into), tool); len(wrong) > 0 {
			return &yaml.TypeError{Errors: wrong}
		}
		err = n.Decode(into)
	}
	if err == nil {
		return nil
	}
	if many, ok := errors.AsType[*yaml.TypeError](err); ok {
		texts := make([]string, len(many.Errors))
		for i, text := range many.Errors {
			texts[i] = quoted.ReplaceAllString(text, "") + " in " + tool
		}
		return &yaml.TypeError{Errors: texts}
	}
	if _, ok := errors.AsType[*url.Error](err); ok {
		// Its text is the URL, which may hold a password.
		return sectionError(n, "%s has an invalid URL", tool)
	}
	return sectionError(n, "%s: %w", tool, err)
}

// quoted finds the values that the YAML decoder quotes in its errors; they
// may be secrets.
var quoted = regexp.MustCompile("(?s) `.*`")

// sectionError returns an error about n for people. It is a *yaml.TypeError, of
// which a decoder further out gathers all.
func sectionError(n *yaml.Node, format string, args ...any) error {
	return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: %v", n.Line, fmt.Errorf(format, args...))}}
}

// resolve follows an alias to what it stands for.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// misshapen lists the parts of n that do not fit a value of type t. It looks at the
// shape only; types of scalars are left to the decoder.
func misshapen(n *yaml.Node, t reflect.Type, path string) []string {
	n = resolve(n)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return nil
	}
	fields, rest := keysOf(t)
	switch {
	case len(fields) > 0 || rest != nil:
		if n.Kind != yaml.MappingNode {
			hint := "write {name: value}"
			if len(fields) > 0 {
				hint = "possible keys: " + strings.Join(names(fields), ", ")
			}
			return []string{fmt.Sprintf("line %d: %s must be a mapping; %s", n.Line, path, hint)}
		}
		return misshapenKeys(n, t, path)
	case t.Kind() == reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			return []string{fmt.Sprintf("line %d: %s must be a list, such as [a, b]", n.Line, path)}
		}
		var wrong []string
		for _, item := range n.Content {
			wrong = append(wrong, misshapen(item, t.Elem(), path)...)
		}
		return wrong
	case t.Kind() == reflect.Interface:
		return nil
	case n.Kind != yaml.ScalarNode:
		return []string{fmt.Sprintf("line %d: %s must be a single value, not a mapping or a list", n.Line, path)}
	}
	return nil
}

func misshapenKeys(n *yaml.Node, t reflect.Type, path string) (wrong []string) {
	fields, rest := keysOf(t)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Tag == "!!merge" {
			merged := []*yaml.Node{resolve(value)}
			if merged[0].Kind == yaml.SequenceNode {
				merged = merged[0].Content
			}
			for _, m := range merged {
				if m = resolve(m); m.Kind == yaml.MappingNode {
					wrong = append(wrong, misshapenKeys(m, t, path)...)
				}
			}
			continue
		}
		field, ok := fields[key.Value]
		if !ok {
			field = rest
		}
		if field == nil {
			wrong = append(wrong, fmt.Sprintf("line %d: %s: %s", key.Line, path, andon.UnknownKey(key.Value, names(fields))))
			continue
		}
		wrong = append(wrong, misshapen(value, field, path+"."+key.Value)...)
	}
	return wrong
}

// keysOf returns the types that a mapping decoded into t has by key, and the
// type of all other keys, nil if there may be none.
func keysOf(t reflect.Type) (fields map[string]reflect.Type, rest reflect.Type) {
	if t.Kind() == reflect.Map {
		return nil, t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil, nil
	}
	fields = map[string]reflect.Type{}
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case options == "inline":
			inner, more := keysOf(f.Type)
			for k, v := range inner {
				fields[k] = v
			}
			if more != nil {
				rest = more
			}
		case name != "" && name != "-":
			fields[name] = f.Type
		}
	}
	return fields, rest
}

func names(fields map[string]reflect.Type) []string {
	var all []string
	for k := range fields {
		all = append(all, k)
	}
	slices.Sort(all)
	return all
}
