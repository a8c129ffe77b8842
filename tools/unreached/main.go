// Command unreached reports functions, methods, types, variables and constants of
// this module that neither its programs nor its tests can reach.
//
// It follows names, not values: what is reached is whatever the source of
// something reached mentions. A method is also reached if its type is and an
// interface or a text template has a method of that name. That needs the types of
// this module's own packages only, and takes seconds; golang.org/x/tools'
// deadcode, which follows values through all that is linked, takes 30 seconds of
// processor time and 4 GB for the same findings.
package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

func main() {
	findings, err := unreached(".", os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "unreached:", err)
		os.Exit(2)
	}
	for _, f := range findings {
		fmt.Println(f)
	}
	if len(findings) > 0 {
		os.Exit(1)
	}
}

// A graph says what mentions what. Its nodes are what packages declare at the top
// level, and methods; they are known by the name that nameOf gives them, because
// a package with tests is loaded twice.
type graph struct {
	mentions map[string][]string
	methods  map[string][]string       // of each type
	at       map[string]token.Position // of each declaration
	roots    []string
	dynamic  map[string]bool // names of methods that may be called without being mentioned
}

// unreached returns the findings in the packages that match patterns, as
// file:line:column: what, in order.
func unreached(dir string, patterns []string) ([]string, error) {
	fset := token.NewFileSet()
	all, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedImports | packages.NeedTypes | packages.NeedTypesInfo | packages.NeedSyntax,
		Fset: fset, Dir: dir, Tests: true, BuildFlags: []string{"-tags=mage"},
	}, patterns...)
	if err != nil {
		return nil, err
	}
	g := &graph{mentions: map[string][]string{}, methods: map[string][]string{}, at: map[string]token.Position{}, dynamic: map[string]bool{"Error": true, "Unwrap": true, "Is": true}}
	for _, p := range all {
		if len(p.Errors) > 0 {
			return nil, p.Errors[0]
		}
		for _, imported := range p.Types.Imports() {
			g.addInterfaces(imported)
		}
		g.addInterfaces(p.Types)
		if err := g.addTemplates(p); err != nil {
			return nil, err
		}
		for _, f := range p.Syntax {
			for _, d := range f.Decls {
				g.addDeclaration(p, d)
			}
		}
	}
	root, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	reached := g.reach()
	var out []string
	for name, at := range g.at {
		if !reached[name] {
			_, short, _ := strings.Cut(name[strings.LastIndex(name, "/")+1:], ".")
			if inside, err := filepath.Rel(root, at.Filename); err == nil {
				at.Filename = inside
			}
			out = append(out, fmt.Sprintf("%s: %s is never reached", at, short))
		}
	}
	slices.Sort(out)
	return out, nil
}

// addDeclaration adds what a declaration declares and what it mentions.
func (g *graph) addDeclaration(p *packages.Package, d ast.Decl) {
	if f, ok := d.(*ast.FuncDecl); ok {
		object := p.TypesInfo.Defs[f.Name]
		name := nameOf(object)
		test := strings.HasSuffix(p.Fset.Position(f.Pos()).Filename, "_test.go")
		switch {
		case f.Recv != nil:
			owner, _, _ := strings.Cut(strings.TrimPrefix(name, object.Pkg().Path()+"."), ".")
			owner = object.Pkg().Path() + "." + owner
			g.methods[owner] = append(g.methods[owner], name)
		case f.Name.Name == "main" || f.Name.Name == "init" || test && entry.MatchString(f.Name.Name):
			g.roots = append(g.roots, name)
		}
		g.add(p, name, f.Name.Pos(), d)
		return
	}
	for _, s := range d.(*ast.GenDecl).Specs {
		switch s := s.(type) {
		case *ast.TypeSpec:
			g.add(p, nameOf(p.TypesInfo.Defs[s.Name]), s.Name.Pos(), s)
		case *ast.ValueSpec:
			for _, id := range s.Names {
				name := nameOf(p.TypesInfo.Defs[id])
				if id.Name == "_" {
					name = fmt.Sprint(p.PkgPath, id.Pos())
					g.roots = append(g.roots, name)
				}
				g.add(p, name, id.Pos(), s)
			}
		}
	}
}

// entry matches what go test calls.
var entry = regexp.MustCompile(`^(Test|Benchmark|Fuzz|Example)`)

// add notes that name is declared at a position, and mentions what is in a node.
func (g *graph) add(p *packages.Package, name string, at token.Pos, in ast.Node) {
	g.at[name] = p.Fset.Position(at)
	if p.Name == "main" && ast.IsExported(name[strings.LastIndex(name, ".")+1:]) {
		g.roots = append(g.roots, name) // for mage, if for nobody else
	}
	ast.Inspect(in, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			if used := p.TypesInfo.Uses[id]; used != nil && used.Pkg() != nil {
				g.mentions[name] = append(g.mentions[name], nameOf(used))
			}
		}
		return true
	})
}

// nameOf returns the name of a declaration at the top level or of a method,
// "package.name" or "package.type.name", and something else for whatever else.
func nameOf(o types.Object) string {
	prefix := o.Pkg().Path() + "."
	if f, ok := o.(*types.Func); ok {
		if recv := f.Origin().Signature().Recv(); recv != nil {
			t := recv.Type()
			if p, ok := t.(*types.Pointer); ok {
				t = p.Elem()
			}
			if n, ok := t.(*types.Named); ok {
				return prefix + n.Obj().Name() + "." + o.Name()
			}
		}
	}
	if o.Parent() != o.Pkg().Scope() && o.Name() != "init" {
		return prefix + "local " + o.Name()
	}
	return prefix + o.Name()
}

// addInterfaces notes the methods of the interfaces that a package declares.
func (g *graph) addInterfaces(p *types.Package) {
	for _, name := range p.Scope().Names() {
		if t, ok := p.Scope().Lookup(name).Type().Underlying().(*types.Interface); ok {
			for m := range t.Methods() {
				g.dynamic[m.Name()] = true
			}
		}
	}
}

// member is a field or method that a template asks for.
var member = regexp.MustCompile(`\.([A-Z]\w*)`)

// addTemplates notes the methods that the templates of a package may call.
func (g *graph) addTemplates(p *packages.Package) error {
	if len(p.GoFiles) == 0 {
		return nil
	}
	files, err := filepath.Glob(filepath.Join(filepath.Dir(p.GoFiles[0]), "*.tmpl"))
	if err != nil {
		return err
	}
	for _, f := range append(files, p.GoFiles...) {
		text, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		for _, action := range regexp.MustCompile(`(?s)\{\{.*?\}\}`).FindAll(text, -1) {
			for _, m := range member.FindAllSubmatch(action, -1) {
				g.dynamic[string(m[1])] = true
			}
		}
	}
	return nil
}

// reach returns what the roots reach.
func (g *graph) reach() map[string]bool {
	reached := map[string]bool{}
	for todo := g.roots; len(todo) > 0; {
		name := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if reached[name] {
			continue
		}
		reached[name] = true
		todo = append(todo, g.mentions[name]...)
		for _, m := range g.methods[name] {
			if g.dynamic[m[strings.LastIndex(m, ".")+1:]] {
				todo = append(todo, m)
			}
		}
	}
	return reached
}
