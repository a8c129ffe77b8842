package plugin

import (
	"encoding/json"
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

// TestTypeScript checks that src/types.gen.ts has the words and types of the back
// end. With -update, as in go generate, it writes the file.
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
	{"cohortModes", "CohortMode", "What distinguishes candidate from control.", cohortModes},
	{"groupings", "Grouping", "What has a series of its own.", groupings},
	{"filterOperators", "FilterOperator", "How an ad-hoc filter compares.", filterOperators},
	{"selectorOperators", "SelectorOperator", "How a selector compares a label. All but = are written in front of the value.", append([]string{"="}, matcherOperators...)},
	{"valueLists", "ValueList", "What a query of type values lists.", slices.Sorted(maps.Keys(valueLists))},
	{"queryLanguages", "QueryLanguage", "The languages of expressions.", []string{languagePromQL, languageLogQL}},
	{"feedbackRoles", "", "The roles of Grafana that may give feedback.", feedbackRoles},
}

// fieldTypes are the TypeScript types of fields that are plain strings in Go.
var fieldTypes = map[string]string{
	"querySpec.QueryType": "QueryType", "querySpec.View": "View", "querySpec.Cohorts": "CohortMode", "querySpec.GroupBy": "Grouping", "querySpec.Values": "ValueList",
	"querySpec.Classes": "Class[]", "adHocFilter.Operator": "FilterOperator", "serviceSuggestion.Cohorts": "CohortMode", "listedRollout.Verdict": "Decision | ''",
}

// wireTypes are the types that the editors send and get, with their names in
// TypeScript.
var wireTypes = []struct {
	name string
	t    reflect.Type
}{
	{"Bound", reflect.TypeFor[andon.Bound]()},
	{"Signal", reflect.TypeFor[andon.Signal]()},
	{"AdHocFilter", reflect.TypeFor[adHocFilter]()},
	{"Query", reflect.TypeFor[querySpec]()},
	{"VersionCheck", reflect.TypeFor[andon.VersionCheck]()},
	{"CompletenessCheck", reflect.TypeFor[andon.CompletenessCheck]()},
	{"ScopeCheck", reflect.TypeFor[andon.ScopeCheck]()},
	{"Preflight", reflect.TypeFor[andon.Preflight]()},
	{"Service", reflect.TypeFor[serviceSuggestion]()},
	{"Rollout", reflect.TypeFor[listedRollout]()},
	{"CohortNodes", reflect.TypeFor[cohortNodes]()},
	{"ValidationResult", reflect.TypeFor[validation]()},
	{"FeedbackRequest", reflect.TypeFor[feedbackRequest]()},
	{"Settings", reflect.TypeFor[Settings]()},
}

// A writer writes TypeScript.
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
	w.WriteString("\n/** What people read of a kind. */\nexport const kindTexts: Record<Kind, string> = {\n")
	for _, k := range andon.Kinds {
		fmt.Fprintf(&w, "  %s: '%s',\n", k, k.About())
	}
	w.WriteString("};\n")
	w.WriteString("\n/** The forms in which each query type answers; the first is what an empty view stands for. */\nexport const views = {\n")
	types := slices.Sorted(maps.Keys(queryTypes))
	for _, q := range types {
		fmt.Fprintf(&w, "  %s: [%s],\n", q, quotedWords(queryTypes[q].viewNames()))
	}
	w.WriteString("} as const;\n\nexport type QueryType = keyof typeof views;\n\nexport type View = (typeof views)[QueryType][number];\n")
	w.record("growingViews", "readonly View[]", "The views whose streams send only new points. Streams of other views send the whole answer each time.", func(q queryType) string {
		if names := q.growingViews(); len(names) > 0 {
			return "[" + quotedWords(names) + "]"
		}
		return ""
	})
	w.record("languageOfType", "QueryLanguage", "The language of the expression of each query type that has one.", func(q queryType) string {
		if q.language == "" {
			return ""
		}
		return "'" + q.language + "'"
	})
	w.record("signalParts", "'metric' | 'logs' | 'crashes'", "The part of a signal that each query type asks for.", func(q queryType) string {
		if q.signal.key == "" {
			return ""
		}
		return "'" + q.signal.key + "'"
	})
	fmt.Fprintf(&w, "\n/** How many rows, series or lines an answer has if the query sets no limit. */\nexport const defaultLimits = { clusters: %d, clusterSeries: %d, lines: %d, rollouts: %d } as const;\n", maxClusters, maxRates, maxLines, maxRollouts)
	d := querySpec{V: queryVersion}.withDefaults()
	w.WriteString("\n/** What the back end takes for fields that a query leaves out. */\nexport const queryDefaults = {\n")
	fmt.Fprintf(&w, "  v: %d,\n  queryType: '%s',\n  view: '%s',\n  legend: '%s',\n  cohorts: '%s',\n  worse: '%s',\n  sensitivity: '%s',\n} as const;\n",
		d.V, d.QueryType, d.View, d.Legend, d.Cohorts, d.Worse, d.Sensitivity)
	w.WriteString("\n" + jsDoc("", w.doc(reflect.TypeFor[andon.Selector](), "")) + "export type Selector = Record<string, string>;\n")
	for _, wire := range wireTypes {
		w.WriteString("\n" + jsDoc("", strings.Replace(w.doc(wire.t, ""), wire.t.Name(), wire.name, 1)))
		fmt.Fprintf(&w, "export interface %s {\n", wire.name)
		w.fields(wire.t)
		w.WriteString("}\n")
	}
	return w.String()
}

// record writes a constant with a value for each query type that has one.
func (w *writer) record(constant, valueType, doc string, value func(queryType) string) {
	fmt.Fprintf(w, "\n/** %s */\nexport const %s: Partial<Record<QueryType, %s>> = {\n", doc, constant, valueType)
	for _, name := range slices.Sorted(maps.Keys(queryTypes)) {
		if v := value(queryTypes[name]); v != "" {
			fmt.Fprintf(w, "  %s: %s,\n", name, v)
		}
	}
	w.WriteString("};\n")
}

// growingViews returns the names of the views whose streams send only new points.
func (t queryType) growingViews() []string {
	var names []string
	for _, v := range t.views {
		if v.grows {
			names = append(names, v.name)
		}
	}
	return names
}

// list writes the words of an enumeration and its type, as prettier would.
func (w *writer) list(constant, name, doc string, words []string) {
	line := fmt.Sprintf("export const %s = [%s] as const;\n", constant, quotedWords(words))
	if len(line) > 111 {
		line = fmt.Sprintf("export const %s = [\n  %s,\n] as const;\n", constant, strings.ReplaceAll(quotedWords(words), ", ", ",\n  "))
	}
	fmt.Fprintf(w, "\n%s%s", jsDoc("", doc), line)
	if name != "" {
		fmt.Fprintf(w, "\nexport type %s = (typeof %s)[number];\n", name, constant)
	}
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
		fieldType := fieldTypes[t.Name()+"."+f.Name]
		if fieldType == "" {
			fieldType = typeOf(f.Type, optional != "")
		}
		fmt.Fprintf(w, "%s  %s%s: %s;\n", jsDoc("  ", w.doc(t, f.Name)), name, optional, fieldType)
	}
}

// typeOf returns the TypeScript type of a Go type on the wire. A pointer that is
// not optional is null if nil.
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
	case reflect.TypeFor[model.Duration](), reflect.TypeFor[time.Time](), reflect.TypeFor[stringOrNumber]():
		return "string"
	case reflect.TypeFor[andon.Selector]():
		return "Selector"
	case reflect.TypeFor[andon.Number]():
		return "number | null"
	case reflect.TypeFor[json.RawMessage]():
		return "unknown"
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
	here := reflect.TypeFor[querySpec]().PkgPath()
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
