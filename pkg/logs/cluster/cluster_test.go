package cluster

import (
	"regexp"
	"testing"
)

func ids(c *Clusterer, lines ...string) []ID {
	var out []ID
	for _, l := range lines {
		out = append(out, c.Add([]byte(l)))
	}
	for i := range out {
		out[i] = c.Resolve(out[i])
	}
	return out
}

// templateOf is the template of line in a Clusterer that has seen nothing else.
func templateOf(line string) string {
	c := New(Options{})
	c.Add([]byte(line))
	return c.Clusters()[0].Template
}

// TestTemplates: what a line alone tells to be a value.
func TestTemplates(t *testing.T) {
	tests := []struct{ name, line, want string }{
		{"words", "connection closed by peer", "connection closed by peer"},
		{"numbers", "took 15 of -3.5 and 98%", "took <*> of <*> and <*>"},
		{"address and port", "from 10.0.0.1:80 to [::1]:8080", "from <*> to [<*>]:<*>"},
		{"hexadecimal", "at 0x7f3a deadbeef 3fa9c0de", "at <*> <*> <*>"},
		{"uuid", "instance b9000564-fe1a-409b-b8cc-1e88b294cd1d up", "instance <*> up"},
		{"path", "open /var/log/x.log: no such file", "open <*>: no such file"},
		{"path ends a sentence", "wrote /tmp/a.txt. Done", "wrote <*>. Done"},
		{"Windows path", `load C:\Program Files\App\x.dll now`, "load <*> now"},
		{"URL", "GET https://example.com/a?b=c done", "GET <*> done"},
		{"mail", "mail to joe@example.com bounced", "mail to <*> bounced"},
		{"host", "resolve www.example.com failed", "resolve <*> failed"},
		{"source line", "panic in main.go:12", "panic in main.go:<*>"},
		{"number in a name", "generating core.2275", "generating core.<*>"},
		{"block", "block blk_-162999 added", "block <*> added"},
		{"date", "since Sat Jun 18 02:08:12 2005 idle", "since <*> idle"},
		{"MAC address", "leave 00:1f:33:aa:bb:0c now", "leave <*> now"},
		{"key and number", "uid=0 euid=12", "uid=<*> euid=<*>"},
		{"key and text", "user=joe tty=ssh", "user=joe tty=ssh"},
		{"account", "su for root and (admin)", "su for <*> and (<*>)"},
		{"account and number", "spam for root:12 and joe:12", "spam for <*>:<*> and joe:<*>"},
		{"no account", "mount root device", "mount root device"},
		{"version", "driver v1.2 up", "driver <*> up"},
		{"key without value", "logname= uid=0", "logname= uid=<*>"},
		{"boolean", "cached: true", "cached: <*>"},
		{"bound", "lifetime <1 sec", "lifetime <*> sec"},
		{"object", "Server@1a2b3c died", "Server@<*> died"},
		{"base 64", "fingerprint uXlqT9aB3c+dEfGh/IjKlMn0pQr= ok", "fingerprint <*> ok"},
		{"base 64 with slashes", "fingerprint uXlqT9aB3c/dEfGh/IjKlMn0pQr ok", "fingerprint <*> ok"},
		{"base 64 after a colon", "key SHA256:uXlqT9aB3c/+dEfGhIjKlMn0pQr8 ok", "key <*> ok"},
		{"a path, no base 64", "build Shop/CartTotalsTest1 failed", "build Shop/CartTotalsTest1 failed"},
		{"no language with digits", "錯誤 5 次", "錯誤 <*> 次"},
		{"digits without blanks", "重试3次", "重试<*>次"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := templateOf(tt.line); got != tt.want {
				t.Errorf("template of %q is %q, want %q", tt.line, got, tt.want)
			}
		})
	}
}

func TestKeysVary(t *testing.T) {
	c := New(Options{})
	got := ids(c, "login user=joe ok", "login user=bob ok", "login user=7 ok", "login user= ok")
	for _, id := range got[1:] {
		if id != got[0] {
			t.Fatalf("ids %v, want one", got)
		}
	}
	if cl := c.Clusters(); len(cl) != 1 || cl[0].Template != "login user=<*> ok" || cl[0].ID != IDOf("login user=<*> ok") || cl[0].Count != 4 {
		t.Errorf("clusters %+v", cl)
	}
}

// The value of a key that names the message is text: two messages are two
// clusters, and what varies in them is found as anywhere.
func TestMessageKeysAreText(t *testing.T) {
	for _, lines := range [][]string{
		{`agent[1]: level=info msg="shim 17 is gone" id=4`, `agent[1]: level=info msg="shim 21 is gone" id=5`, `agent[1]: level=warning msg="cleaning up" id=6`},
		{`audit: event=login user=joe`, `audit: event=login user=bob`, `audit: event=logout user=joe`},
	} {
		got := ids(New(Options{}), lines...)
		if got[0] != got[1] || got[0] == got[2] {
			t.Errorf("ids %v of %q, want the first two alike and the third another", got, lines)
		}
	}
}

func TestLearn(t *testing.T) {
	c := New(Options{})
	want := c.Learn("session opened for user <*> by <*>")
	if len(c.Clusters()) != 0 {
		t.Error("a template without lines is listed")
	}
	for _, id := range ids(c, "session opened for user joe by 0", "session opened for user 17 by 0") {
		if id != want {
			t.Errorf("id %v, want that of the learnt template, %v", id, want)
		}
	}
	if want != IDOf("session opened for user <*> by <*>") {
		t.Error("a learnt template has another id")
	}
}

func TestRegexp(t *testing.T) {
	tests := []struct {
		template, line string
		want           bool
	}{
		{"took <*> ms (<*>)", "Jan 1 app: took  15 ms (slow one)", true},
		{"took <*> ms (<*>)", "took 15 s (slow)", false},
		{"a.b[<*>]", "a.b[1]", true},
		{"a.b[<*>]", "axb[1]", false},
		{"", " \t", true},
		{"", "took 15 ms", false},
		{"<*>", "17", true},
		{"<*>", "took 15 ms", false},
		{"<*> <*>", "17  abc", true},
		{"***", "*** begin", true},
		{"***", "took 15 ms", false},
	}
	for _, tt := range tests {
		if got := regexp.MustCompile(Regexp(tt.template)).MatchString(tt.line); got != tt.want {
			t.Errorf("%q matches %q: %v, want %v", tt.template, tt.line, got, tt.want)
		}
	}
}
