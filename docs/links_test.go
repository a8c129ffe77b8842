// Package docs_test checks that the documents hang together: links lead
// somewhere, every page can be found from the README, and the whole stays
// short enough to be read.
package docs_test

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

const top = ".."

// pages returns the paths, seen from the top folder, of the pages below docs.
func pages(t *testing.T) []string {
	t.Helper()
	return below(t, "docs", ".md")
}

// below returns the files of a folder that end in one of the suffixes.
func below(t *testing.T, folder string, suffixes ...string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(filepath.Join(top, folder), func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !slices.ContainsFunc(suffixes, func(s string) bool { return strings.HasSuffix(file, s) }) {
			return err
		}
		rel, err := filepath.Rel(top, file)
		out = append(out, filepath.ToSlash(rel))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(top, filepath.FromSlash(file)))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var (
	fence   = regexp.MustCompile("(?ms)^ *```.*?^ *```")
	code    = regexp.MustCompile("`[^`\n]*`")
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ +(.*)$`)
)

// anchors returns the anchors that GitHub makes of a page's headings.
func anchors(text string) map[string]bool {
	out := make(map[string]bool)
	for _, m := range heading.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		var b strings.Builder
		for _, r := range strings.ToLower(link.ReplaceAllString(m[1], "]")) {
			switch {
			case r == ' ':
				b.WriteByte('-')
			case r == '-', r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
				b.WriteRune(r)
			}
		}
		name := b.String()
		for n := 1; out[name]; n++ {
			name = fmt.Sprintf("%s-%d", b.String(), n)
		}
		out[name] = true
	}
	return out
}

// leadsTo says what is wrong with a link from one file of the repository to
// another; "" if nothing is.
func leadsTo(t *testing.T, target, anchor string) string {
	t.Helper()
	if _, err := os.Stat(filepath.Join(top, filepath.FromSlash(target))); err != nil {
		return "there is no " + target
	}
	if anchor != "" && strings.HasSuffix(target, ".md") && !anchors(read(t, target))[anchor] {
		return target + " has no heading #" + anchor
	}
	return ""
}

func TestLinks(t *testing.T) {
	for _, file := range append(pages(t), "README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md") {
		prose := code.ReplaceAllString(fence.ReplaceAllString(read(t, file), ""), "")
		for _, m := range link.FindAllStringSubmatch(prose, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			target, anchor, _ := strings.Cut(m[1], "#")
			if target == "" {
				target = file
			} else {
				target = path.Join(path.Dir(file), target)
			}
			if wrong := leadsTo(t, target, anchor); wrong != "" {
				t.Errorf("%s links to %s: %s", file, m[1], wrong)
			}
		}
	}
}

// TestPathsInSources: where the sources, the rules or the settings name a
// page, it is there.
func TestPathsInSources(t *testing.T) {
	named := regexp.MustCompile("(?:^|blob/main/|[\\s\"'(`])(docs/[\\w/-]+\\.md)(?:#([\\w-]+))?")
	files := []string{"Magefile.go", "andon.example.yml", "plugin.json"}
	for _, folder := range []string{"cmd", "pkg", "provisioning", "rules", "src"} {
		files = append(files, below(t, folder, ".go", ".json", ".md", ".tmpl", ".ts", ".tsx", ".yaml")...)
	}
	found := 0
	for _, file := range files {
		for _, m := range named.FindAllStringSubmatch(read(t, file), -1) {
			found++
			if wrong := leadsTo(t, m[1], m[2]); wrong != "" {
				t.Errorf("%s names a page: %s", file, wrong)
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d places name a page", found)
	}
}

func TestEveryPageIsInTheReadme(t *testing.T) {
	readme := read(t, "README.md")
	for _, page := range pages(t) {
		if !strings.Contains(readme, "("+page+")") {
			t.Errorf("README.md does not link to %s", page)
		}
	}
}

// TestLength: what nobody finishes reading does not help. Words are those that
// wc -w counts.
func TestLength(t *testing.T) {
	count := func(file string) int { return len(strings.Fields(read(t, file))) }
	sum := count("README.md")
	for _, page := range pages(t) {
		sum += count(page)
	}
	for _, c := range []struct {
		of           string
		words, limit int
	}{
		{"README.md", count("README.md"), 900},
		{"docs/how/statistics.md", count("docs/how/statistics.md"), 8000},
		{"README.md and docs", sum, 25000},
	} {
		if c.words > c.limit {
			t.Errorf("%s: %d words, at most %d", c.of, c.words, c.limit)
		}
	}
}
