package plugin

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
)

const typesFile = "../../src/types.gen.ts"

// TestTypeScript: the editors know the words and the types that the back end
// does. With -update it writes them, as go generate does.
func TestTypeScript(t *testing.T) {
	got := typeScript()
	if *update {
		if err := os.WriteFile(typesFile, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(typesFile)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s is not what go generate ./pkg/plugin makes (-have +made):\n%s", typesFile, d)
	}
}

// enumerations are the lists of words, by the constant that holds one in
// TypeScript.
var enumerations = []struct {
	constant, name, doc string
	words               any
}{
	{"directions", "Direction", "", andon.Directions},
	{"sensitivities", "Sensitivity", "", andon.Sensitivities},
	{"kinds", "Kind", "", andon.Kinds},
	{"families", "Family", "", andon.Families},
	{"strategies", "Strategy", "", andon.Strategies},
	{"layers", "Layer", "", andon.Layers},
	{"classes", "Class", "", andon.Classes},
	{"risks", "Risk", "", andon.Risks},
	{"decisions", "Decision", "", andon.Decisions},
	{"cohortWays", "Cohorts", "The ways to tell candidate and control apart.", cohortWays},
	{"divisions", "Division", "What one series is of.", divisions},
	{"operators", "Operator", "What a filter does with its value.", operators},
	{"listed", "Listed", "What a query of type values lists.", slices.Sorted(maps.Keys(lists))},
}

// wordsOf name the enumeration of fields that are plain strings in Go.
var wordsOf = map[string]string{
	"Query.QueryType": "QueryType", "Query.View": "View", "Query.Cohorts": "Cohorts", "Query.SeriesOf": "Division", "Query.Values": "Listed",
	"Query.Classes": "Class[]", "Filter.Operator": "Operator", "serviceSuggestion.Cohorts": "Cohorts", "listedRollout.Verdict": "Decision | ''",
}

// wireTypes are what the editors send and get, and what it is called there.
var wireTypes = []struct {
	name string
	t    reflect.Type
}{
	{"Bound", reflect.TypeFor[andon.Bound]()},
	{"Signal", reflect.TypeFor[andon.Signal]()},
	{"Filter", reflect.TypeFor[Filter]()},
	{"Query", reflect.TypeFor[Query]()},
	{"VersionCheck", reflect.TypeFor[andon.VersionCheck]()},
	{"CompletenessCheck", reflect.TypeFor[andon.CompletenessCheck]()},
	{"ScopeCheck", reflect.TypeFor[andon.ScopeCheck]()},
	{"Preflight", reflect.TypeFor[andon.Preflight]()},
	{"Service", reflect.TypeFor[serviceSuggestion]()},
	{"Rollout", reflect.TypeFor[listedRollout]()},
	{"Cohort", reflect.TypeFor[cohortNodes]()},
	{"Checked", reflect.TypeFor[validation]()},
}

// A writer of TypeScript.
type writer struct {
	strings.Builder
	docs map[string]string // of types and of their fields, by package path and name
}

func typeScript() string {
	w := writer{docs: make(map[string]string)}
	w.WriteString("// Made from pkg/plugin and what it knows of by go generate ./...; do not edit.\n")
	for _, e := range enumerations {
		words := reflect.ValueOf(e.words)
		doc := e.doc
		if doc == "" {
			doc = w.doc(words.Type().Elem(), "")
		}
		var all []string
		for i := range words.Len() {
			all = append(all, words.Index(i).String())
		}
		w.list(e.constant, e.name, doc, all)
	}
	w.WriteString("\n/** The forms in which each query type answers; the first is what an empty view stands for. */\nexport const views = {\n")
	types := slices.Sorted(maps.Keys(queryTypes))
	for _, q := range types {
		fmt.Fprintf(&w, "  %s: [%s],\n", q, quotedWords(queryTypes[q].viewNames()))
	}
	w.WriteString("} as const;\n\n/** What is asked for. */\nexport type QueryType = keyof typeof views;\n\nexport type View = (typeof views)[QueryType][number];\n")
	w.WriteString("\n" + jsDoc("", w.doc(reflect.TypeFor[andon.Selector](), "")) + "export type Selector = Record<string, string>;\n")
	for _, wire := range wireTypes {
		w.WriteString("\n" + jsDoc("", w.doc(wire.t, "")))
		fmt.Fprintf(&w, "export interface %s {\n", wire.name)
		w.fields(wire.t)
		w.WriteString("}\n")
	}
	return w.String()
}

// list writes the words of an enumeration and its type, as prettier would.
func (w *writer) list(constant, name, doc string, words []string) {
	line := fmt.Sprintf("export const %s = [%s] as const;\n", constant, quotedWords(words))
	if len(line) > 111 {
		line = fmt.Sprintf("export const %s = [\n  %s,\n] as const;\n", constant, strings.ReplaceAll(quotedWords(words), ", ", ",\n  "))
	}
	fmt.Fprintf(w, "\n%s%s\nexport type %s = (typeof %s)[number];\n", jsDoc("", doc), line, name, constant)
}

func quotedWords(words []string) string { return "'" + strings.Join(words, "', '") + "'" }

func (w *writer) fields(t reflect.Type) {
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			w.fields(f.Type)
			continue
		case name == "" || name == "-":
			continue
		}
		optional := ""
		if strings.Contains(options, "omit") {
			optional = "?"
		}
		is := wordsOf[t.Name()+"."+f.Name]
		if is == "" {
			is = typeOf(f.Type, optional != "")
		}
		fmt.Fprintf(w, "%s  %s%s: %s;\n", jsDoc("  ", w.doc(t, f.Name)), name, optional, is)
	}
}

// typeOf returns what a Go type is on the wire; optional values are left out
// where others are null.
func typeOf(t reflect.Type, optional bool) string {
	for _, e := range enumerations {
		if reflect.TypeOf(e.words).Elem() == t && e.doc == "" {
			return e.name
		}
	}
	for _, wire := range wireTypes {
		if wire.t == t {
			return wire.name
		}
	}
	switch t {
	case reflect.TypeFor[model.Duration](), reflect.TypeFor[time.Time](), reflect.TypeFor[Text]():
		return "string"
	case reflect.TypeFor[andon.Selector]():
		return "Selector"
	case reflect.TypeFor[andon.Number]():
		return "number | null"
	}
	switch t.Kind() {
	case reflect.Pointer:
		if optional {
			return typeOf(t.Elem(), false)
		}
		return typeOf(t.Elem(), false) + " | null"
	case reflect.Slice:
		return typeOf(t.Elem(), false) + "[]"
	case reflect.Map:
		return fmt.Sprintf("Record<%s, %s>", typeOf(t.Key(), false), typeOf(t.Elem(), false))
	case reflect.Bool:
		return "boolean"
	case reflect.String:
		return "string"
	case reflect.Int, reflect.Int64, reflect.Float64:
		return "number"
	}
	panic(fmt.Sprintf("%s has no form in TypeScript yet: list it among wireTypes", t))
}

// jsDoc returns a doc comment, indented; nothing for no text.
func jsDoc(indent, text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	switch {
	case text == "":
		return ""
	case len(lines) == 1:
		return indent + "/** " + lines[0] + " */\n"
	}
	return indent + "/**\n" + indent + " * " + strings.ReplaceAll(strings.Join(lines, "\n"+indent+" * "), " * \n", " *\n") + "\n" + indent + " */\n"
}

// doc returns the comment on a type, or on a field of it.
func (w *writer) doc(t reflect.Type, field string) string {
	at := t.PkgPath()
	if _, read := w.docs[at]; !read {
		w.docs[at] = "read"
		w.read(at)
	}
	return strings.TrimSpace(w.docs[at+"."+strings.TrimSuffix(t.Name()+"."+field, ".")])
}

// read takes in the comments of a package of ours.
func (w *writer) read(pkg string) {
	here := reflect.TypeFor[Query]().PkgPath()
	dir := filepath.Join("..", strings.TrimPrefix(pkg, path.Dir(here)))
	files, _ := filepath.Glob(filepath.Join(dir, "*.go"))
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			continue // the compiler says it better
		}
		for _, d := range file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range g.Specs {
				s, ok := spec.(*ast.TypeSpec)
				if !ok {
					continue
				}
				w.docs[pkg+"."+s.Name.Name] = g.Doc.Text()
				if st, ok := s.Type.(*ast.StructType); ok {
					w.readFields(pkg+"."+s.Name.Name, st)
				}
			}
		}
	}
}

func (w *writer) readFields(at string, s *ast.StructType) {
	for _, f := range s.Fields.List {
		text := f.Doc.Text()
		if f.Comment != nil {
			text = f.Comment.Text()
		}
		for _, n := range f.Names {
			w.docs[at+"."+n.Name] = text
		}
	}
}
