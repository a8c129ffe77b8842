package crash

import (
	"strings"
)

// goFunction is a symbol without what a build changes: generics' arguments,
// numbers of closures, versions of modules.
func goFunction(symbol string) string {
	symbol = outside(strings.ReplaceAll(symbol, "%2e", "."), '[', ']') // Map[...], Map[go.shape.int]
	slash := strings.LastIndexByte(symbol, '/') + 1
	dir, name := symbol[:slash], symbol[slash:]
	dir = goModule(dir)
	parts := strings.Split(name, ".")
	out := parts[:0]
	for i, p := range parts {
		p, _, _ = strings.Cut(p, "-fm")
		p, _, _ = strings.Cut(p, "-range")
		switch {
		case i > 0 && p != "" && digitsOnly(p), strings.HasPrefix(p, "gowrap"), strings.HasPrefix(p, "deferwrap"):
			continue
		case i == 1 && len(p) > 1 && p[0] == 'v' && digitsOnly(p[1:]): // gopkg.in/yaml.v3
			continue
		case i > 0 && strings.HasPrefix(p, "func") && digitsOnly(p[4:]):
			p = "func"
			if out[len(out)-1] == p {
				continue
			}
		case i > 0 && p == "":
			continue // glob..func1
		}
		out = append(out, p)
	}
	if n := len(out); n > 0 && len(out[0]) > 1 && out[0][0] == 'v' && digitsOnly(out[0][1:]) && dir != "" {
		// example.com/shop/v2.Total: the package is the one before
		return strings.TrimSuffix(dir, "/") + "." + strings.Join(out[1:], ".")
	}
	return dir + strings.Join(out, ".")
}

// goModule drops the major version of a module from the path of a package.
func goModule(dir string) string {
	if !strings.Contains(dir, "/v") {
		return dir
	}
	parts := strings.Split(dir, "/")
	out := parts[:0]
	for i, p := range parts {
		if i > 0 && len(p) > 1 && p[0] == 'v' && digitsOnly(p[1:]) {
			continue
		}
		out = append(out, p)
	}
	return strings.Join(out, "/")
}

var goStandard = []string{
	"archive/", "bufio.", "bytes.", "cmp.", "compress/", "container/", "context.", "crypto/", "crypto.", "database/", "debug/", "embed.",
	"encoding/", "encoding.", "errors.", "expvar.", "flag.", "fmt.", "go/", "hash/", "html/", "html.", "image/", "image.", "index/", "internal/",
	"io.", "io/", "iter.", "log.", "log/", "maps.", "math.", "math/", "mime.", "mime/", "net.", "net/", "os.", "os/", "path.", "path/", "plugin.",
	"reflect.", "regexp.", "regexp/", "runtime.", "runtime/", "slices.", "sort.", "strconv.", "strings.", "sync.", "sync/", "syscall.", "testing.",
	"testing/", "text/", "time.", "unicode.", "unicode/", "unique.", "unsafe.", "weak.", "vendor/", "type:.", "golang.org/x/", "google.golang.org/",
	"github.com/gin-gonic/gin", "github.com/labstack/echo", "github.com/gorilla/", "github.com/go-chi/chi", "github.com/gofiber/fiber",
	"github.com/valyala/fasthttp", "github.com/spf13/cobra", "github.com/urfave/cli", "go.uber.org/", "k8s.io/client-go", "k8s.io/apimachinery",
	"sigs.k8s.io/controller-runtime", "gorm.io/", "github.com/grpc-ecosystem/",
}

// goInApp tells whether a function is the application's: not of the standard
// library, a well-known framework, or a module other than the one built.
func goInApp(fn, place string) bool {
	return !hasPrefix(fn, goStandard) && !strings.Contains(place, "/pkg/mod/") && !strings.Contains(place, "/vendor/") && !strings.Contains(place, "@v")
}
