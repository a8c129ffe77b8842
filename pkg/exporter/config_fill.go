package exporter

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"
)

// A Problem is one thing that is wrong with a configuration.
type Problem struct {
	Line int    // in the file; 0 if it is about the whole
	Path string // such as services[0].signals[1].metric
	Says string // what is wrong and what to write instead
}

func (p Problem) String() string {
	var b strings.Builder
	if p.Line > 0 {
		fmt.Fprintf(&b, "line %d: ", p.Line)
	}
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	return b.String() + p.Says
}

// A ConfigError is all that is wrong with a configuration.
type ConfigError struct {
	File     string // empty if it did not come from a file
	Problems []Problem
}

func (e *ConfigError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
		if e.File != "" {
			lines[i] = e.File + ": " + lines[i]
		}
	}
	return strings.Join(lines, "\n")
}

// A filler fills a struct from YAML. Unlike the decoder of the YAML package
// it goes on after an error, so that all are found at once, and it remembers
// on which line each value stands.
type filler struct {
	lines    map[string]int  // path to line
	strange  map[string]bool // paths of mappings that have unknown keys
	read     bool            // whether it was YAML
	problems []Problem
}

func (f *filler) add(line int, path, format string, args ...any) {
	f.problems = append(f.problems, Problem{line, path, fmt.Sprintf(format, args...)})
}

// at adds a problem of the value at path, on the line of the nearest value
// around it if it is not in the file.
func (f *filler) at(path, format string, args ...any) {
	for p := path; ; p = p[:max(strings.LastIndexAny(p, ".["), 0)] {
		if line, ok := f.lines[p]; ok || p == "" {
			f.add(line, path, format, args...)
			return
		}
	}
}

func (f *filler) sorted() []Problem {
	slices.SortStableFunc(f.problems, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	return f.problems
}

// parse fills v, a pointer to a struct, from the one document in text.
func (f *filler) parse(text []byte, v any) {
	d := yaml.NewDecoder(strings.NewReader(string(text)))
	var doc, second yaml.Node
	err := d.Decode(&doc)
	if errors.Is(err, io.EOF) {
		f.add(0, "", "the file is empty; begin with prometheus: {url: http://localhost:9090}")
		return
	}
	if err != nil {
		f.add(0, "", "is not YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
		return
	}
	if err := d.Decode(&second); !errors.Is(err, io.EOF) {
		f.add(second.Line, "", "a second document begins here; write everything into one, without ---")
		return
	}
	f.read = true
	f.fill(doc.Content[0], reflect.ValueOf(v).Elem(), "")
}

// besides returns the problems that do not come from one of form: what could
// not be read is not missing.
func (f *filler) besides(form []Problem) []Problem {
	return slices.DeleteFunc(slices.Clone(f.problems), func(p Problem) bool {
		parent := p.Path[:max(strings.LastIndexAny(p.Path, ".["), 0)]
		if strings.HasPrefix(p.Says, "is missing") && (f.strange[parent] || f.strange[""]) {
			return true
		}
		return slices.ContainsFunc(form, func(q Problem) bool {
			return !f.strange[q.Path] && (within(p.Path, q.Path) || within(q.Path, p.Path))
		})
	})
}

// within reports whether the value at path is the one at outer or in it.
func within(path, outer string) bool {
	rest, ok := strings.CutPrefix(path, outer)
	return ok && (rest == "" || outer == "" || rest[0] == '.' || rest[0] == '[')
}

// fill sets v from n.
func (f *filler) fill(n *yaml.Node, v reflect.Value, path string) {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	f.lines[path] = n.Line
	if n.Tag == "!!null" { // as if it were not there
		return
	}
	decodes := unmarshals(v.Type())
	switch {
	case v.Kind() == reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
			if e, ok := v.Interface().(*Endpoint); ok {
				*e = defaultEndpoint()
			}
		}
		f.fill(n, v.Elem(), path)
	case v.Kind() == reflect.Struct && len(keysOf(v.Type())) > 0:
		before := len(f.problems)
		f.fillStruct(n, v, path)
		if decodes && len(f.problems) == before { // it has checks of its own
			f.decode(n, v, path)
		}
	case v.Kind() == reflect.Slice && !decodes:
		if n.Kind != yaml.SequenceNode {
			f.add(n.Line, path, "is %s; write a list, each entry behind a dash", kindName(n))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
		for i, c := range n.Content {
			f.fill(c, v.Index(i), fmt.Sprintf("%s[%d]", path, i))
		}
	default:
		f.decode(n, v, path)
	}
}

func (f *filler) fillStruct(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		f.add(n.Line, path, "is %s; write keys and values: %s", kindName(n), strings.Join(keyNames(v.Type()), ", "))
		return
	}
	keys := keysOf(v.Type())
	seen := make(map[string]int)
	for _, merged := range mergedInto(n) { // first, so that the mapping's own keys win
		f.fillStruct(merged, v, path)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Tag == "!!merge" {
			continue
		}
		at := key.Value
		if path != "" {
			at = path + "." + key.Value
		}
		index, known := keys[key.Value]
		first, twice := seen[key.Value]
		switch {
		case !known:
			f.strange[path] = true
			f.add(key.Line, path, "unknown key %q; %s", key.Value, suggest(key.Value, keyNames(v.Type())))
		case twice:
			f.add(key.Line, at, "is there twice; it was on line %d already", first)
		default:
			seen[key.Value] = key.Line
			f.fill(value, v.FieldByIndex(index), at)
			f.lines[at] = key.Line
		}
	}
}

// mergedInto returns the mappings that n takes in by the key "<<", the one
// that counts most last.
func mergedInto(n *yaml.Node) []*yaml.Node {
	var out []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Tag != "!!merge" {
			continue
		}
		from := []*yaml.Node{n.Content[i+1]}
		if from[0].Kind == yaml.SequenceNode {
			from = slices.Clone(from[0].Content)
			slices.Reverse(from)
		}
		for _, m := range from {
			if m.Kind == yaml.AliasNode {
				m = m.Alias
			}
			if len(mergedNames(m)) == 0 { // merges do not nest: an alias could contain itself
				out = append(out, m)
			}
		}
	}
	return out
}

func mergedNames(n *yaml.Node) []string {
	var names []string
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Tag == "!!merge" {
			names = append(names, n.Content[i+1].Value)
		}
	}
	return names
}

// decode has the YAML package set v from n.
func (f *filler) decode(n *yaml.Node, v reflect.Value, path string) {
	err := n.Decode(v.Addr().Interface())
	if err == nil {
		return
	}
	if _, ok := v.Interface().(model.Duration); ok {
		f.add(n.Line, path, "%q is not a duration; write a number with its unit, such as 30s, 5m or 1h", n.Value)
		return
	}
	var wrong *yaml.TypeError
	if errors.As(err, &wrong) && n.Kind == yaml.ScalarNode && wantName(v.Type()) != "" {
		f.add(n.Line, path, "%q is not %s", n.Value, wantName(v.Type()))
		return
	}
	if wrong != nil && wantName(v.Type()) != "" {
		f.add(n.Line, path, "is %s; write %s", kindName(n), wantName(v.Type()))
		return
	}
	if wrong == nil {
		f.add(n.Line, path, "%s", strings.TrimPrefix(err.Error(), "yaml: "))
		return
	}
	for _, text := range wrong.Errors {
		line := n.Line
		if head, rest, ok := strings.Cut(text, ": "); ok {
			if _, err := fmt.Sscanf(head, "line %d", &line); err == nil {
				text = rest
			}
		}
		f.add(line, path, "%s", text)
	}
}

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	return fmt.Sprintf("%q", n.Value)
}

func wantName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64, reflect.Uint16:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.String:
		return "a text"
	}
	return ""
}
