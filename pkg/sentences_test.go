package main

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestSentences lists every sentence that a user can meet, with the names of what
// is put into it, in one file that can be read in one sitting. What is not in it
// was not read by anybody: read the change of the file before you rewrite it.
func TestSentences(t *testing.T) {
	var b strings.Builder
	b.WriteString("Every sentence that users can meet. ‹name› stands for a value. Written by go test ./pkg -run Sentences -update.\n")
	for _, dir := range []string{"../cmd", "."} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			said, err := sentencesOf(path)
			if len(said) > 0 {
				fmt.Fprintf(&b, "\n%s\n", filepath.ToSlash(filepath.Join("pkg", path)))
				for _, s := range said {
					fmt.Fprintf(&b, "  %s\n", s)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	b.WriteString(editorTexts(t))
	golden := filepath.Join("testdata", "sentences.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got := b.String(); got != string(want) {
		t.Errorf("sentences have changed; read them and rewrite the list with -update. The first that differs:\n%s", firstDifference(string(want), got))
	}
	for line := range strings.Lines(b.String()) {
		if m := riddles.FindString(line); m != "" && !strings.HasPrefix(line, "pkg/") {
			t.Errorf("%q is not plain: %s", m, strings.TrimSpace(line))
		}
	}
}

// riddles are words that no sentence for users holds.
var riddles = regexp.MustCompile(`\b(wanted\b|manieth|likelier|mind this|so long of` +
	`|on candidate\b|on control\b|either cohort|has no value\b|are alike|would fail it|tells the candidate` +
	`|the most that any|counts? (it |the signal )?for nothing|a person called|since when|set Resolve|see to its|lets nothing|is of load tests|yet$|not told by|the Analyzer)`)

// sentencesOf returns the texts of a Go file that hold three words or more.
func sentencesOf(path string) ([]string, error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var out []string
	add := func(s string) {
		s = strings.Join(strings.Fields(s), " ")
		if looksLikeASentence(s) && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	filled := map[ast.Expr]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.Field:
			if n.Tag != nil {
				filled[n.Tag] = true
			}
		case *ast.CallExpr:
			for i, arg := range n.Args {
				format, ok := text(arg)
				if ok && strings.Contains(format, "%") && i+1 < len(n.Args) {
					add(fill(fset, format, n.Args[i+1:]))
					mark(filled, arg)
				}
			}
		case *ast.BinaryExpr:
			if s, ok := text(n); ok && !filled[n] {
				add(s)
				mark(filled, n)
			}
		case *ast.BasicLit:
			if s, ok := text(n); ok && !filled[n] {
				add(s)
			}
		}
		return true
	})
	return out, nil
}

// text returns the value of a literal, or of several that are added.
func text(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			s, err := strconv.Unquote(e.Value)
			return s, err == nil
		}
	case *ast.BinaryExpr:
		if e.Op == token.ADD {
			a, ok1 := text(e.X)
			b, ok2 := text(e.Y)
			return a + b, ok1 && ok2
		}
	case *ast.ParenExpr:
		return text(e.X)
	}
	return "", false
}

func mark(filled map[ast.Expr]bool, e ast.Expr) {
	ast.Inspect(e, func(n ast.Node) bool {
		if x, ok := n.(ast.Expr); ok {
			filled[x] = true
		}
		return true
	})
}

var verb = regexp.MustCompile(`%[-+# 0]*(\*|\d+)?(\.\d+)?(\[\d+\])?[a-zA-Z%]`)

// fill puts the names of what is written in place of the verbs.
func fill(fset *token.FileSet, format string, args []ast.Expr) string {
	i := 0
	return verb.ReplaceAllStringFunc(format, func(v string) string {
		if v == "%%" {
			return "%"
		}
		n := i
		if m := regexp.MustCompile(`\[(\d+)\]`).FindStringSubmatch(v); m != nil {
			k, _ := strconv.Atoi(m[1])
			n = k - 1
			i = n
		}
		i++
		if n < 0 || n >= len(args) {
			return "‹…›"
		}
		return "‹" + nameOf(fset, args[n]) + "›"
	})
}

// nameOf returns the last word of an expression, which says most.
func nameOf(fset *token.FileSet, e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return nameOf(fset, e.X) + "." + e.Sel.Name
	case *ast.CallExpr:
		if len(e.Args) > 0 {
			return nameOf(fset, e.Args[0])
		}
		return nameOf(fset, e.Fun)
	case *ast.BasicLit:
		return strings.Trim(e.Value, "`\"")
	case *ast.UnaryExpr:
		return nameOf(fset, e.X)
	case *ast.StarExpr:
		return nameOf(fset, e.X)
	}
	var b strings.Builder
	_ = printer.Fprint(&b, fset, e)
	if s := b.String(); len(s) <= 30 {
		return s
	}
	return "…"
}

var word = regexp.MustCompile(`[a-z]{2,}`)

// looksLikeASentence reports whether a text has three words and is no query,
// pattern or address.
func looksLikeASentence(s string) bool {
	if len(word.FindAllString(s, -1)) < 3 || !strings.Contains(s, " ") || strings.ContainsAny(s, "\\^{") && !strings.Contains(s, "; ") {
		return false
	}
	words := strings.Fields(s)
	plain := 0
	for _, w := range words {
		if regexp.MustCompile(`^["'(‹]*[A-Za-z]+[a-z'’-]*[,.;:)"'›]*$`).MatchString(w) {
			plain++
		}
	}
	return plain >= 3 && 2*plain >= len(words)
}

var editorText = regexp.MustCompile(`(?s)(?:(?:label|description|tooltip|placeholder|title|text|message|content|aria-label)\s*[=:]\s*\{?\s*["'` + "`" + `]([^"'` + "`" + `]{8,})["'` + "`" + `])|>\s*([A-Z][^<>{}]{8,}?)\s*<`)

// editorTexts returns the texts of the editors.
func editorTexts(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir("../src", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".tsx") && !strings.HasSuffix(path, ".ts") || strings.Contains(path, ".test.") || strings.Contains(path, "testing") {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var said []string
		for _, m := range editorText.FindAllStringSubmatch(string(source), -1) {
			s := strings.Join(strings.Fields(m[1]+m[2]), " ")
			if looksLikeASentence(s) && !slices.Contains(said, s) {
				said = append(said, s)
			}
		}
		if len(said) > 0 {
			fmt.Fprintf(&b, "\n%s\n  %s\n", strings.TrimPrefix(filepath.ToSlash(path), "../"), strings.Join(said, "\n  "))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func firstDifference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := 0; i < min(len(a), len(b)); i++ {
		if a[i] != b[i] {
			return "- " + a[i] + "\n+ " + b[i]
		}
	}
	return fmt.Sprintf("%d lines, now %d", len(a), len(b))
}
