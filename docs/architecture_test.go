package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	filePath   = regexp.MustCompile("`((?:pkg|cmd|docs|testdata)/[a-zA-Z0-9_./]+)`")
	memberName = regexp.MustCompile("`([A-Za-z]+)\\.([A-Za-z]+)`")
)

// TestArchitectureNamesWhatIs: every file and every Type.Member that ARCHITECTURE.md
// names is in the code.
func TestArchitectureNamesWhatIs(t *testing.T) {
	text, err := os.ReadFile("../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	files := filePath.FindAllStringSubmatch(string(text), -1)
	if len(files) < 20 {
		t.Fatalf("%d files are named, want 20 or more", len(files))
	}
	for _, m := range files {
		if _, err := os.Stat(filepath.Join("..", m[1])); err != nil {
			t.Errorf("%s is named and is not there", m[1])
		}
	}
	known := members(t)
	names := memberName.FindAllStringSubmatch(string(text), -1)
	if len(names) < 20 {
		t.Fatalf("%d functions are named, want 20 or more", len(names))
	}
	for _, m := range names {
		if !known[m[1]+"."+m[2]] {
			t.Errorf("%s.%s is named and is not there", m[1], m[2])
		}
	}
}

// members returns the methods of all types, and the declarations of all packages, as
// Type.Method and package.Name.
func members(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	err := filepath.WalkDir("../pkg", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil {
					out[f.Name.Name+"."+d.Name.Name] = true
					continue
				}
				recv := d.Recv.List[0].Type
				if star, ok := recv.(*ast.StarExpr); ok {
					recv = star.X
				}
				if id, ok := recv.(*ast.Ident); ok {
					out[id.Name+"."+d.Name.Name] = true
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					s, ok := spec.(*ast.TypeSpec)
					if !ok {
						continue
					}
					out[f.Name.Name+"."+s.Name.Name] = true
					if i, ok := s.Type.(*ast.InterfaceType); ok {
						for _, m := range i.Methods.List {
							for _, n := range m.Names {
								out[s.Name.Name+"."+n.Name] = true
							}
						}
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
