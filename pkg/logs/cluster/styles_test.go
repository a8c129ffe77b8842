package cluster

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var writeStyles = flag.String("write-styles", "", "write the made-up logs into this folder")

// A style is a made-up log: formats of messages with their weights, and the
// format of the header. Slots in braces say what varies; so the truth is known.
type style struct {
	name    string
	header  format
	formats []format
	weights []int
}

// A format is literal text and slots in turn; a slot may hold formats to choose from.
type format []slot

type slot struct {
	literal string
	name    string
	arg     string
	choices []format
}

var slotStart = regexp.MustCompile(`^\{([a-zA-Z]+)(\d*)([:}])`)

func parseFormat(text string) format {
	var f format
	lit := ""
	for text != "" {
		m := slotStart.FindStringSubmatch(text)
		if m == nil || makers[m[1]] == nil && m[1] != "pick" {
			lit += text[:1]
			text = text[1:]
			continue
		}
		if lit != "" {
			f = append(f, slot{literal: lit})
			lit = ""
		}
		s := slot{name: m[1], arg: m[2]}
		text = text[len(m[0]):]
		if m[3] == ":" {
			depth, from := 0, 0
			for i := 0; ; i++ {
				switch text[i] {
				case '{':
					depth++
					continue
				case '}':
					if depth--; depth >= 0 {
						continue
					}
				case '|':
					if depth > 0 {
						continue
					}
				default:
					continue
				}
				s.choices = append(s.choices, parseFormat(text[from:i]))
				from = i + 1
				if text[i] == '}' {
					text = text[i+1:]
					break
				}
			}
		}
		f = append(f, s)
	}
	if lit != "" {
		f = append(f, slot{literal: lit})
	}
	return f
}

func readStyles(t testing.TB, folder string) []style {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", folder, "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no styles in testdata/%s (%v)", folder, err)
	}
	var all []style
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s := style{name: strings.TrimSuffix(filepath.Base(file), ".txt")}
		for line := range strings.Lines(string(text)) {
			line = strings.TrimSuffix(line, "\n")
			if h, ok := strings.CutPrefix(line, "header: "); ok {
				s.header = parseFormat(h)
			} else if w, f, ok := strings.Cut(line, "\t"); ok {
				n, err := strconv.Atoi(w)
				if err != nil {
					t.Fatal(err)
				}
				s.weights, s.formats = append(s.weights, n), append(s.formats, parseFormat(f))
			}
		}
		all = append(all, s)
	}
	return all
}

// A labelled log is lines with their true templates.
type labelled struct {
	name              string
	body, raw, truths []string
}

// make draws n lines.
func (s style) make(seed uint64, n int) labelled {
	g := &maker{rand.New(rand.NewPCG(seed, 17))}
	total := 0
	for _, w := range s.weights {
		total += w
	}
	l := labelled{name: s.name}
	for range n {
		k, at := 0, g.IntN(total)
		for at >= s.weights[k] {
			at -= s.weights[k]
			k++
		}
		body := g.fill(s.formats[k])
		l.body = append(l.body, body)
		l.raw = append(l.raw, g.fill(s.header)+body)
		l.truths = append(l.truths, s.formats[k].truth())
	}
	return l
}

var glued = regexp.MustCompile(`[A-Za-z0-9_]*(<\*>[A-Za-z0-9_]*)+`)

// truth is the template of f. A word with a slot in it varies as a whole.
func (f format) truth() string {
	var b strings.Builder
	for _, s := range f {
		if s.name == "" {
			b.WriteString(s.literal)
		} else if len(s.choices) == 1 {
			b.WriteString(s.choices[0].truth())
		} else {
			b.WriteString(wildcard)
		}
	}
	return glued.ReplaceAllString(b.String(), wildcard)
}

type maker struct{ *rand.Rand }

func (g *maker) fill(f format) string {
	var b strings.Builder
	for _, s := range f {
		switch {
		case s.name == "":
			b.WriteString(s.literal)
		case s.name == "pick":
			b.WriteString(g.fill(s.choices[g.IntN(len(s.choices))]))
		default:
			n, _ := strconv.Atoi(s.arg)
			b.WriteString(makers[s.name](g, n))
		}
	}
	return b.String()
}

func (g *maker) from(letters string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = letters[g.IntN(len(letters))]
	}
	return string(b)
}

// zipf picks a word of a list, the first ones far more often.
func (g *maker) zipf(words []string) string {
	return words[int(math.Exp(g.Float64()*math.Log(float64(len(words)+1))))-1]
}

var (
	users = strings.Fields("root admin test oracle guest cyrus news mysql ftp postgres alice bob carol dave erin frank grace heidi ivan judy mallory niaj olivia peggy rupert sybil trent victor walter zoe")
	words = strings.Fields("orders users events items carts clicks payments sessions invoices products reviews alerts metrics backups mail search audit accounts stock prices photos tickets labels routes teams notes pages queue jobs reports")
	hosts = strings.Fields("proxy.uni-a.edu www.shop.com mail.corp.net cdn.static.org ping.cloud.io imap.mail.co.uk api.pay.com img.news.cn edge7.video.tv clients4.search.com b-graph.social.com up.files.example gateway.iot.dev")
)

const digits, hexes, lowers = "0123456789", "0123456789abcdef", "abcdefghijklmnopqrstuvwxyz"

var makers map[string]func(g *maker, n int) string

func init() {
	between := func(lo, hi int) func(*maker, int) string {
		return func(g *maker, _ int) string { return strconv.Itoa(lo + g.IntN(hi-lo)) }
	}
	list := func(words []string) func(*maker, int) string {
		return func(g *maker, _ int) string { return words[g.IntN(len(words))] }
	}
	title := func(w string) string { return strings.ToUpper(w[:1]) + w[1:] }
	word := list(words)
	m := map[string]func(g *maker, n int) string{
		"n":  func(g *maker, n int) string { return strconv.Itoa(g.IntN(int(math.Pow10(min(n, 15))))) },
		"h":  func(g *maker, n int) string { return g.from(hexes, n) },
		"H":  func(g *maker, n int) string { return strings.ToUpper(g.from(hexes, n)) },
		"s":  func(g *maker, n int) string { return g.from(lowers+digits, n) },
		"f":  func(g *maker, _ int) string { return fmt.Sprintf("%.2f", g.Float64()*100) },
		"md": func(g *maker, n int) string { return []string{"03-17", "0120"}[n/4] },
		"hms": func(g *maker, _ int) string {
			return fmt.Sprintf("%02d:%02d:%02d", g.IntN(24), g.IntN(60), g.IntN(60))
		},
		"ip":     func(g *maker, _ int) string { return fmt.Sprintf("10.%d.%d.%d", g.IntN(9), g.IntN(256), g.IntN(256)) },
		"port":   between(80, 65535),
		"day":    between(10, 29),
		"node":   func(g *maker, _ int) string { return fmt.Sprintf("node-%d", g.IntN(300)) },
		"HOST":   list(hosts),
		"user":   func(g *maker, _ int) string { return g.zipf(users) },
		"word":   word,
		"Word":   func(g *maker, _ int) string { return title(word(g, 0)) },
		"CODE":   func(g *maker, _ int) string { return strings.ToUpper(word(g, 0)) + strconv.Itoa(g.IntN(90)) },
		"pkg":    func(g *maker, _ int) string { return "org." + word(g, 0) + "." + word(g, 0) },
		"jclass": func(g *maker, _ int) string { return "org.apache." + word(g, 0) + ".v2." + title(word(g, 0)) },
		"path": func(g *maker, _ int) string {
			return "/" + word(g, 0) + "/" + word(g, 0) + "/" + g.from(lowers, 4) + ".dat"
		},
		"wpath": func(g *maker, _ int) string { return `C:\Windows\` + word(g, 0) + `\` + g.from(lowers, 5) + `.dll` },
		"url": func(g *maker, _ int) string {
			return "https://" + hosts[g.IntN(len(hosts))] + "/" + word(g, 0) + "?id=" + g.from(digits, 5)
		},
		"mail": func(g *maker, _ int) string { return g.zipf(users) + "@" + hosts[g.IntN(len(hosts))] },
		"bool": list([]string{"true", "false"}),
		"Bool": list([]string{"True", "False"}),
		"wd":   list(strings.Fields("Mon Tue Wed Thu Fri Sat Sun")),
		"ver": func(g *maker, n int) string {
			return fmt.Sprintf("%d.%d.%d", g.IntN(9), g.IntN(20), g.IntN(90)) + strings.Repeat(".1", n/4)
		},
		"epoch": func(g *maker, _ int) string { return strconv.Itoa(1700000000 + g.IntN(99999999)) },
		"dur": func(g *maker, _ int) string {
			return fmt.Sprintf("%.1f%s", g.Float64()*90, []string{"s", "ms", "µs", "m"}[g.IntN(4)])
		},
		"size": func(g *maker, _ int) string {
			return fmt.Sprintf("%.1f %s", g.Float64()*900, []string{"kB", "MB", "GB"}[g.IntN(3)])
		},
		"lifetime": func(g *maker, _ int) string {
			return []string{"<1 sec", fmt.Sprintf("%02d:%02d", g.IntN(60), g.IntN(60))}[g.IntN(2)]
		},
		"dns": func(g *maker, _ int) string { return word(g, 0) + "-" + []string{"api", "web", "worker"}[g.IntN(3)] },
		"rs":  func(g *maker, _ int) string { return g.from(hexes, 9) + "-" + g.from("bcdfghjklmnpqrstvwxz2456789", 5) },
		"ns":  list(strings.Fields("default shop kube-system monitoring")),
		"branch": func(g *maker, _ int) string {
			return []string{"main", "develop", "fix/" + word(g, 0), "release-1." + g.from(digits, 1)}[g.IntN(4)]
		},
	}
	m["fan"] = func(g *maker, _ int) string {
		return []string{"****", "3" + g.from(digits, 3), "4" + g.from(digits, 3)}[(g.IntN(12)+10)/11]
	}
	m["rhost"] = func(g *maker, _ int) string {
		if g.IntN(2) == 0 {
			return m["ip"](g, 0)
		}
		return fmt.Sprintf("%d-%d-%s.dynamic.%s.net.%s", g.IntN(255), g.IntN(255), g.from(lowers, 3), g.from(lowers, 5), g.from(lowers, 2))
	}
	m["uuid"] = func(g *maker, _ int) string {
		return g.from(hexes, 8) + "-" + g.from(hexes, 4) + "-4" + g.from(hexes, 3) + "-" + g.from(hexes, 4) + "-" + g.from(hexes, 12)
	}
	m["mac"] = func(g *maker, _ int) string {
		return strings.Join([]string{g.from(hexes, 2), g.from(hexes, 2), g.from(hexes, 2), g.from(hexes, 2), g.from(hexes, 2), g.from(hexes, 2)}, ":")
	}
	m["iso"] = func(g *maker, _ int) string {
		return "2024-02-0" + strconv.Itoa(1+g.IntN(9)) + "T" + m["hms"](g, 0) + "." + g.from(digits, 3) + "Z"
	}
	m["b"] = func(g *maker, n int) string { // {b64}
		b := make([]byte, 24)
		for i := range b {
			b[i] = byte(g.Uint32())
		}
		return base64.StdEncoding.EncodeToString(b)
	}
	repeat := func(lo, hi int, sep string, one func(g *maker) string) func(*maker, int) string {
		return func(g *maker, _ int) string {
			var out []string
			for range lo + g.IntN(hi-lo+1) {
				out = append(out, one(g))
			}
			return strings.Join(out, sep)
		}
	}
	m["range"] = repeat(1, 4, " ", func(g *maker) string { return strings.TrimSuffix(g.from(digits, 2)+"-"+g.from(digits, 2), "-07") })
	m["ilist"] = repeat(1, 4, ",", func(g *maker) string { return g.from(digits, 1) })
	m["hexdump"] = repeat(3, 12, " ", func(g *maker) string { return g.from(hexes, 2) })
	makers = m
}

// score compares clusters with truth, as GA, FGA and PA do.
func score(ids []ID, texts map[ID]string, truths []string) (ga, fga, pa float64) {
	of, is := map[ID][]int{}, map[string][]int{}
	for i, id := range ids {
		of[id] = append(of[id], i)
		is[truths[i]] = append(is[truths[i]], i)
		if plainTemplate(texts[id]) == plainTemplate(truths[i]) {
			pa++
		}
	}
	right := 0
	for _, lines := range of {
		want := is[truths[lines[0]]]
		if len(want) != len(lines) {
			continue
		}
		same := true
		for k := range lines {
			same = same && lines[k] == want[k]
		}
		if same {
			right++
			ga += float64(len(lines))
		}
	}
	n := float64(len(ids))
	return ga / n, 2 * float64(right) / float64(len(of)+len(is)), pa / n
}

var neighbours = regexp.MustCompile(`<\*>[.:/,_\-@#]?<\*>`)

// plainTemplate collapses white space and neighbouring wildcards.
func plainTemplate(t string) string {
	for {
		u := neighbours.ReplaceAllString(t, wildcard)
		if u == t {
			return strings.Join(strings.Fields(t), " ")
		}
		t = u
	}
}

// clusterAll returns the cluster of each line and the text of each cluster.
func clusterAll(lines []string) ([]ID, map[ID]string) {
	c := New(Options{})
	var out []ID
	for _, l := range lines {
		out = append(out, c.Add([]byte(l)))
	}
	texts := make(map[ID]string)
	for _, cl := range c.Clusters() {
		texts[cl.ID] = cl.Template
	}
	for i := range out {
		out[i] = c.Resolve(out[i])
	}
	return out, texts
}

// TestStyles holds the accuracy on made-up logs of many styles to floors.
func TestStyles(t *testing.T) {
	for folder, want := range map[string][3]float64{"styles": {.96, .91, .68}, "heldout": {.73, .62, .5}, "fresh": {.94, .9, .55}, "later": {.84, .86, .2}} {
		var sum [4]float64
		styles := readStyles(t, folder)
		for _, s := range styles {
			l := s.make(7, 2000)
			if *writeStyles != "" {
				l.write(t, filepath.Join(*writeStyles, folder, s.name))
			}
			ids, texts := clusterAll(l.body)
			ga, fga, pa := score(ids, texts, l.truths)
			ids, texts = clusterAll(l.raw)
			rga, rfga, _ := score(ids, texts, l.truths)
			if testing.Verbose() {
				t.Logf("%-12s GA %.3f FGA %.3f PA %.3f   raw GA %.3f FGA %.3f", s.name, ga, fga, pa, rga, rfga)
			}
			for i, x := range []float64{ga, fga, pa, rga} {
				sum[i] += x / float64(len(styles))
			}
		}
		t.Logf("%s: GA %.3f FGA %.3f PA %.3f raw GA %.3f", folder, sum[0], sum[1], sum[2], sum[3])
		for i, floor := range want {
			if sum[i] < floor {
				t.Errorf("%s: %s is %.3f, below %.3f", folder, []string{"GA", "FGA", "PA"}[i], sum[i], floor)
			}
		}
	}
}

func (l labelled) write(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, lines := range map[string][]string{"body.txt": l.body, "raw.txt": l.raw, "truth.txt": l.truths} {
		var b bytes.Buffer
		w := bufio.NewWriter(&b)
		for _, line := range lines {
			fmt.Fprintln(w, line)
		}
		w.Flush()
		if err := os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
