package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const architecture = "ARCHITECTURE.md"

// A goFile is what ARCHITECTURE.md may say of a file.
type goFile struct {
	pkg     string          // the name of its package
	names   map[string]bool // what it declares: name, and Type.Method
	imports []string        // packages of this module, seen from the top folder
}

// goFiles returns the files of a folder that are compiled into programs, by
// their path seen from the top folder.
func goFiles(t *testing.T, folders ...string) map[string]goFile {
	t.Helper()
	out := map[string]goFile{}
	for _, folder := range folders {
		for _, file := range below(t, folder, ".go") {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(top, file), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			g := goFile{pkg: f.Name.Name, names: map[string]bool{}}
			for _, i := range f.Imports {
				name, _ := strconv.Unquote(i.Path.Value)
				if ours, ok := strings.CutPrefix(name, "github.com/andon-project/andon/"); ok {
					g.imports = append(g.imports, ours)
				}
			}
			for _, d := range f.Decls {
				declared(d, g.names)
			}
			out[file] = g
		}
	}
	return out
}

// declared adds the names that a declaration makes.
func declared(d ast.Decl, names map[string]bool) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		name := d.Name.Name
		if d.Recv != nil {
			recv := d.Recv.List[0].Type
			if star, ok := recv.(*ast.StarExpr); ok {
				recv = star.X
			}
			if id, ok := recv.(*ast.Ident); ok {
				name = id.Name + "." + name
			}
		}
		names[name] = true
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.ValueSpec:
				for _, n := range s.Names {
					names[n.Name] = true
				}
			case *ast.TypeSpec:
				names[s.Name.Name] = true
				if i, ok := s.Type.(*ast.InterfaceType); ok {
					for _, m := range i.Methods.List {
						for _, n := range m.Names {
							names[s.Name.Name+"."+n.Name] = true
						}
					}
				}
			}
		}
	}
}

var (
	quoted     = regexp.MustCompile("`([^`\n]+)`")
	filePath   = regexp.MustCompile(`^(pkg|cmd|docs|src|testdata)(/[\w./-]+)?$`)
	identifier = regexp.MustCompile(`^[A-Za-z_]\w*(\.[A-Za-z_]\w*)?$`)
	step       = regexp.MustCompile(`^\d+\. `)
	nameIn     = regexp.MustCompile("`(\\w+)` in `(pkg/[^`]+\\.go)`")
)

// TestArchitectureNames: every path of ARCHITECTURE.md is there. In the steps
// of a route a name is declared in the Go file before it, "name in file" says
// so anywhere, and any other package.Name or Type.Method is declared somewhere.
func TestArchitectureNames(t *testing.T) {
	files := goFiles(t, "pkg", "cmd")
	anywhere := map[string]bool{}
	for _, f := range files {
		for name := range f.names {
			anywhere[name], anywhere[f.pkg+"."+name] = true, true
		}
	}
	inFiles := 0
	check := func(file, name string) {
		inFiles++
		if !files[file].names[name] {
			t.Errorf("%s does not declare %s", file, name)
		}
	}
	for line := range strings.Lines(fence.ReplaceAllString(read(t, architecture), "")) {
		for _, m := range nameIn.FindAllStringSubmatch(line, -1) {
			check(m[2], m[1])
		}
		file := ""
		for _, m := range quoted.FindAllStringSubmatch(line, -1) {
			switch word := m[1]; {
			case filePath.MatchString(word):
				if _, err := os.Stat(filepath.Join(top, word)); err != nil {
					t.Errorf("there is no %s", word)
				}
				file = word
			case !identifier.MatchString(word) || strings.HasSuffix(word, ".yml"):
			case step.MatchString(line) && file != "":
				check(file, word)
			case strings.Contains(word, ".") && !anywhere[word]:
				t.Errorf("nothing declares %s", word)
			}
		}
	}
	if inFiles < 60 {
		t.Errorf("only %d names stand with their files", inFiles)
	}
}

var (
	arrow = regexp.MustCompile(`(?m)^  (.+?) --> (.+)$`)
	room  = regexp.MustCompile(`^(\w+)(?:\["([\w/-]+)"\])?$`)
)

// TestArchitectureArrows: each arrow of the picture is an import, and each
// import follows arrows. All packages are in the picture or need no arrow.
func TestArchitectureArrows(t *testing.T) {
	text := read(t, architecture)
	imports := map[string]map[string]bool{}
	for file, f := range goFiles(t, "pkg", "cmd") {
		from := path.Dir(file)
		if imports[from] == nil {
			imports[from] = map[string]bool{}
		}
		for _, to := range f.imports {
			imports[from][to] = true
		}
	}
	labels := map[string]string{}
	name := func(node string) string {
		m := room.FindStringSubmatch(strings.TrimSpace(node))
		if m == nil {
			t.Fatalf("%q is no box of the picture", node)
		}
		if m[2] != "" {
			labels[m[1]] = m[2]
		}
		label := labels[m[1]]
		if label == "" {
			label = m[1]
		}
		if label == "pkg" || strings.HasPrefix(label, "cmd/") {
			return label
		}
		return "pkg/" + label
	}
	arrows := map[string][]string{}
	for _, m := range arrow.FindAllStringSubmatch(text, -1) {
		from := name(m[1])
		for to := range strings.SplitSeq(m[2], "&") {
			arrows[from] = append(arrows[from], name(to))
		}
	}
	for from, all := range arrows {
		for _, to := range all {
			if !imports[from][to] {
				t.Errorf("an arrow leads from %s to %s, which it does not import", from, to)
			}
		}
	}
	var reaches func(from, to string) bool
	reaches = func(from, to string) bool {
		return slices.ContainsFunc(arrows[from], func(next string) bool { return next == to || reaches(next, to) })
	}
	for _, from := range slices.Sorted(maps.Keys(imports)) {
		if strings.HasPrefix(from, "cmd/internal") || from == "pkg/demo/standin" { // they wire tests and flags
			continue
		}
		if strings.HasPrefix(from, "pkg/") && !strings.Contains(text, "| `"+from+"`") && !strings.Contains(text, ", `"+from+"` |") {
			t.Errorf("no row says what %s knows", from)
		}
		for to := range imports[from] {
			if to != "pkg/andon" && to != "pkg/stat" && !strings.HasPrefix(to, "cmd/internal") && !reaches(from, to) {
				t.Errorf("%s imports %s, and no arrows lead there", from, to)
			}
		}
	}
}

// TestArchitectureLength: it is read in ten minutes.
func TestArchitectureLength(t *testing.T) {
	if n := len(strings.Fields(read(t, architecture))); n > 1500 {
		t.Errorf("%s has %d words, at most 1500", architecture, n)
	}
}
