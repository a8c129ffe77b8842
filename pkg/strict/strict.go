// Package strict reads YAML that people wrote into structs. An unknown key, a
// value of another type and a duplicate key are problems, each with its line and
// what to write instead, and all of them are returned at once. The package knows
// nothing of what the structs mean.
package strict

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"

	"github.com/andon-project/andon/pkg/andon"
)

// A Problem is one problem of a document.
type Problem struct {
	Line int    // in the file; 0 if it is about the whole
	Path string // such as services[0].signals[1].metric
	Text string `json:"Says"` // what is wrong and what to write instead
}

func (p Problem) String() string {
	var b strings.Builder
	if p.Line > 0 {
		fmt.Fprintf(&b, "line %d: ", p.Line)
	}
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	return b.String() + p.Text
}

// An Error holds all problems of a document.
type Error struct {
	File     string // empty if it did not come from a file
	Problems []Problem
}

func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	switch {
	case e.File == "":
	case len(lines) == 1:
		lines[0] = e.File + ": " + lines[0]
	default:
		for i, l := range lines {
			lines[i] = "  " + l
		}
		lines = append([]string{fmt.Sprintf("%s has %d problems:", e.File, len(lines))}, lines...)
	}
	return strings.Join(lines, "\n")
}

// A Document fills a struct from YAML. Unlike the decoder of the YAML package
// it continues after an error, so that all are found at once, and it remembers
// the line of each value.
type Document struct {
	lines     map[string]int  // path to line
	unknownIn map[string]bool // paths of mappings that have unknown keys
	parsed    bool            // whether the text is YAML
	problems  []Problem
}

// A defaulter is a struct that sets the values of what a document leaves out.
type defaulter interface{ SetDefaults() }

// Read fills v, a pointer to a struct, from the one document in text, and then
// calls check, which adds the problems of what v holds. The error is an *Error.
// A document that is not YAML is not checked, and a value that could not be
// decoded is not reported as missing.
func Read(text []byte, v any, check func(*Document)) error {
	d := Document{lines: make(map[string]int), unknownIn: make(map[string]bool)}
	d.parse(text, v)
	if d.parsed {
		decoding := d.problems
		d.problems = nil
		check(&d)
		d.problems = append(decoding, d.withoutConsequences(decoding)...)
	}
	if len(d.problems) > 0 {
		return &Error{Problems: d.sorted()}
	}
	return nil
}

// Has reports whether there is a value at path, which may be empty.
func (d *Document) Has(path string) bool {
	_, ok := d.lines[path]
	return ok
}

// Under adds the problems of the value at path.
func (d *Document) Under(path string, all []andon.Problem) {
	for _, p := range andon.Under(path, all) {
		d.At(p.Path, "%s", p.Text)
	}
}

func (d *Document) add(line int, path, format string, args ...any) {
	d.problems = append(d.problems, Problem{line, path, fmt.Sprintf(format, args...)})
}

// At adds a problem of the value at path, on the line of the nearest value
// around it if it is not in the file.
func (d *Document) At(path, format string, args ...any) {
	for p := path; ; p = p[:max(strings.LastIndexAny(p, ".["), 0)] {
		if line, ok := d.lines[p]; ok || p == "" {
			d.add(line, path, format, args...)
			return
		}
	}
}

func (d *Document) sorted() []Problem {
	slices.SortStableFunc(d.problems, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	return d.problems
}

// parse fills v, a pointer to a struct, from the one document in text.
func (d *Document) parse(text []byte, v any) {
	decoder := yaml.NewDecoder(strings.NewReader(string(text)))
	var doc, second yaml.Node
	err := decoder.Decode(&doc)
	if errors.Is(err, io.EOF) {
		d.add(0, "", "the file is empty; possible keys: %s", strings.Join(andon.Keys(reflect.TypeOf(v).Elem(), "yaml"), ", "))
		return
	}
	if err != nil {
		d.add(0, "", "not valid YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
		return
	}
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		d.add(second.Line, "", "a second document begins here; write everything into one document, without ---")
		return
	}
	d.parsed = true
	d.fill(doc.Content[0], reflect.ValueOf(v).Elem(), "")
}

// withoutConsequences returns the problems that do not follow from one of
// decoding: a value that could not be decoded is not missing.
func (d *Document) withoutConsequences(decoding []Problem) []Problem {
	return slices.DeleteFunc(slices.Clone(d.problems), func(p Problem) bool {
		parent := p.Path[:max(strings.LastIndexAny(p.Path, ".["), 0)]
		if strings.HasPrefix(p.Text, "is missing") && (d.unknownIn[parent] || d.unknownIn[""]) {
			return true
		}
		return slices.ContainsFunc(decoding, func(q Problem) bool {
			return !d.unknownIn[q.Path] && (within(p.Path, q.Path) || within(q.Path, p.Path))
		})
	})
}

// within reports whether the value at path is the one at outer or in it.
func within(path, outer string) bool {
	rest, ok := strings.CutPrefix(path, outer)
	return ok && (rest == "" || outer == "" || rest[0] == '.' || rest[0] == '[')
}

// fill sets v from n.
func (d *Document) fill(n *yaml.Node, v reflect.Value, path string) {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	d.lines[path] = n.Line
	if n.Tag == "!!null" { // as if it were not there
		return
	}
	decodes := decodesItself(v.Type())
	switch {
	case v.Kind() == reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
			if own, ok := v.Interface().(defaulter); ok {
				own.SetDefaults()
			}
		}
		d.fill(n, v.Elem(), path)
	case v.Kind() == reflect.Struct && len(Fields(v.Type())) > 0:
		before := len(d.problems)
		d.fillStruct(n, v, path)
		if decodes && len(d.problems) == before { // it has checks of its own
			d.decode(n, v, path)
		}
	case v.Kind() == reflect.Slice && !decodes:
		if n.Kind != yaml.SequenceNode {
			d.add(n.Line, path, "is %s; write a list, with a dash before each entry", kindName(n))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
		for i, c := range n.Content {
			d.fill(c, v.Index(i), fmt.Sprintf("%s[%d]", path, i))
		}
	default:
		d.decode(n, v, path)
	}
}

func (d *Document) fillStruct(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		d.add(n.Line, path, "is %s; write a mapping (possible keys: %s)", kindName(n), strings.Join(andon.Keys(v.Type(), "yaml"), ", "))
		return
	}
	keys := Fields(v.Type())
	seen := make(map[string]int)
	for _, merged := range mergedMappings(n) { // first, so that the mapping's own keys win
		d.fillStruct(merged, v, path)
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
			d.unknownIn[path] = true
			d.add(key.Line, path, "%s", andon.UnknownKey(key.Value, andon.Keys(v.Type(), "yaml")))
		case twice:
			d.add(key.Line, at, "is a duplicate; it is already on line %d", first)
		default:
			seen[key.Value] = key.Line
			d.fill(value, v.FieldByIndex(index), at)
			d.lines[at] = key.Line
		}
	}
}

// mergedMappings returns the mappings that n takes in by the key "<<", the one
// that counts most last.
func mergedMappings(n *yaml.Node) []*yaml.Node {
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
func (d *Document) decode(n *yaml.Node, v reflect.Value, path string) {
	err := n.Decode(v.Addr().Interface())
	if err == nil {
		return
	}
	if _, ok := v.Interface().(model.Duration); ok {
		d.add(n.Line, path, "%s", andon.NotDuration(n.Value))
		return
	}
	if _, ok := v.Interface().(time.Time); ok {
		d.add(n.Line, path, "%q is not a time; write one such as 2026-03-01T12:00:00Z", n.Value)
		return
	}
	var wrong *yaml.TypeError
	if errors.As(err, &wrong) && n.Kind == yaml.ScalarNode && nameOf(v.Type()) != "" {
		d.add(n.Line, path, "%q is not %s", n.Value, nameOf(v.Type()))
		return
	}
	if wrong != nil && nameOf(v.Type()) != "" && !(v.Kind() == reflect.Map && n.Kind == yaml.MappingNode) {
		d.add(n.Line, path, "is %s; write %s", kindName(n), nameOf(v.Type()))
		return
	}
	if wrong == nil {
		d.add(n.Line, path, "%s", strings.TrimPrefix(err.Error(), "yaml: "))
		return
	}
	for _, text := range wrong.Errors {
		line := n.Line
		if head, rest, ok := strings.Cut(text, ": "); ok {
			if _, err := fmt.Sscanf(head, "line %d", &line); err == nil {
				text = rest
			}
		}
		d.add(line, path, "%s", text)
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

func nameOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64, reflect.Uint16:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.String:
		return "a text"
	case reflect.Map:
		return "a mapping"
	}
	return ""
}
