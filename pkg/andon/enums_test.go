package andon

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestListsAreComplete: every constant of an enumeration is in its list, and
// nothing else is.
func TestListsAreComplete(t *testing.T) {
	lists := map[string]any{
		"Strategy": Strategies, "Layer": Layers, "Sensitivity": Sensitivities, "Direction": Directions, "Family": Families,
		"Kind": Kinds, "Decision": Decisions, "Quality": Qualities, "Risk": Risks, "Class": Classes,
	}
	constants := make(map[string][]string)
	collect := func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || len(v.Values) != 1 {
			return true
		}
		name, named := v.Type.(*ast.Ident)
		value, literal := v.Values[0].(*ast.BasicLit)
		if named && literal && lists[name.Name] != nil {
			text, _ := strconv.Unquote(value.Value)
			constants[name.Name] = append(constants[name.Name], text)
		}
		return true
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, collect)
	}
	for name, list := range lists {
		got := strings.Fields(strings.Trim(fmt.Sprint(list), "[]"))
		slices.Sort(got)
		slices.Sort(constants[name])
		if !slices.Equal(got, constants[name]) {
			t.Errorf("%s: the list has %v, the constants are %v", name, got, constants[name])
		}
	}
}

func TestSuggest(t *testing.T) {
	known := []string{"name", "namespace", "username", "url", "high", "medium"}
	for _, tt := range []struct{ word, want string }{
		{"nmae", "did you mean name?"},
		{"user", "did you mean username?"},
		{"namesp", "did you mean namespace?"},
		{"ulr", "did you mean url?"},
		{"HIGH", "did you mean high?"},
		{"hi", "did you mean high?"},
		{"huge", "write one of name, namespace, username, url, high, medium"},
		{"colour", "write one of name, namespace, username, url, high, medium"},
		{"", "write one of name, namespace, username, url, high, medium"},
		{strings.Repeat("x", 200), "write one of name, namespace, username, url, high, medium"},
	} {
		if got := Suggest(tt.word, known); got != tt.want {
			t.Errorf("%q: %s, want %s", tt.word, got, tt.want)
		}
	}
	if got := Suggest("x", []string{"startup"}); got != "write startup" {
		t.Errorf("of one: %s", got)
	}
	if got, want := UnknownKey("servce", []string{"service"}), `unknown key "servce"; did you mean service?`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
