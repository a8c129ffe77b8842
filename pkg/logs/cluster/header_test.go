package cluster

import (
	"fmt"
	"strings"
	"testing"
)

// TestHeaders: whatever stands before the messages, the clusters are those of
// the messages alone.
func TestHeaders(t *testing.T) {
	body := func(i int) string {
		switch i % 4 {
		case 0:
			return fmt.Sprintf("order %d paid in %d ms", i*7919, i%50)
		case 1:
			return "cache is warm"
		case 2:
			return fmt.Sprintf("cannot reach /srv/shop-%d: connection refused", i)
		}
		return fmt.Sprintf("%d items left", i)
	}
	level := func(i int) string { return []string{"INFO", "WARN", "ERROR", "DEBUG"}[i*i%7%4] }
	clock := func(i int) string { return fmt.Sprintf("%02d:%02d:%02d", 10+i/3600, i/60%60, i%60) }
	tests := []struct {
		name string
		line func(i int) string
		time string // of line 70
	}{
		{"none", body, ""},
		{"Java", func(i int) string {
			return fmt.Sprintf("2024-05-01 %s,%03d %-5s [worker-%d] org.example.shop.Cart - %s", clock(i), i, level(i), i%3, body(i))
		}, "2024-05-01 10:01:10,070"},
		{"log4j", func(i int) string {
			return fmt.Sprintf("24/05/01 %s %s storage.Block%d: %s", clock(i), level(i), i%2, body(i))
		}, "24/05/01 10:01:10"},
		{"Python", func(i int) string {
			return fmt.Sprintf("2024-05-01 %s,%03d - shop.cart - %s - %s", clock(i), i, level(i), body(i))
		}, "2024-05-01 10:01:10,070"},
		{"Go", func(i int) string { return fmt.Sprintf("2024/05/01 %s %s", clock(i), body(i)) }, "2024/05/01 10:01:10"},
		{"klog", func(i int) string {
			return fmt.Sprintf("I0501 %s.%06d   %d cart.go:%d] %s", clock(i), i, 4000+i%2, 10+i%4, body(i))
		}, "I0501 10:01:10.000070"},
		{"syslog", func(i int) string {
			return fmt.Sprintf("May  1 %s web%d shopd[%d]: %s", clock(i), i%3, 900+i%9, body(i))
		}, "May  1 10:01:10"},
		{"syslog, RFC 5424", func(i int) string {
			return fmt.Sprintf("<34>1 2024-05-01T%s.003Z web%d shopd %d ID47 - %s", clock(i), i%3, 900+i%9, body(i))
		}, "2024-05-01T10:01:10.003Z"},
		{"Apache errors", func(i int) string {
			return fmt.Sprintf("[Wed May 01 %s 2024] [%s] %s", clock(i), strings.ToLower(level(i)), body(i))
		}, "Wed May 01 10:01:10 2024"},
		{"brackets without blanks", func(i int) string {
			return fmt.Sprintf("[2024-05-01T%s,%03d][%-5s][o.e.Shop] [node-%d] %s", clock(i), i, level(i), i%3, body(i))
		}, "2024-05-01T10:01:10,070"},
		{"pipes", func(i int) string {
			return fmt.Sprintf("20240501-%s:%03d|Step_LSC|30002312|%s", clock(i), i, body(i))
		}, "20240501-10:01:10:070"},
		{"telephone", func(i int) string {
			return fmt.Sprintf("05-01 %s.%03d  %d  %d %s CartService: %s", clock(i), i, 1700+i%5, 2300+i%7, level(i)[:1], body(i))
		}, "05-01 10:01:10.070"},
		{"kernel", func(i int) string { return fmt.Sprintf("[%5d.%06d] %s", i, i*13, body(i)) }, "70.000910"},
		{"epoch", func(i int) string { return fmt.Sprintf("%d: %s", 1700000000+i, body(i)) }, "1700000070"},
		{"installer", func(i int) string {
			return fmt.Sprintf("2024-05-01 %s, Info                  PKG    %s", clock(i), body(i))
		}, "2024-05-01 10:01:10"},
		{"JSON", func(i int) string {
			return fmt.Sprintf(`{"ts":"2024-05-01T%sZ","level":%q,"msg":%q,"n":%d}`, clock(i), level(i), body(i), i)
		}, "2024-05-01T10:01:10Z"},
		{"logfmt", func(i int) string {
			return fmt.Sprintf(`ts=2024-05-01T%sZ level=%s caller=cart.go:%d msg=%q n=%d`, clock(i), level(i), i%9, body(i), i)
		}, ""},
		{"docker around Java", func(i int) string {
			return fmt.Sprintf(`{"log":"2024-05-01 %s.%03d %s [main] Cart: %s\n","stream":"stdout","time":"2024-05-01T%sZ"}`, clock(i), i, level(i), body(i), clock(i))
		}, "2024-05-01T10:01:10Z"},
		{"CRI around JSON", func(i int) string {
			return fmt.Sprintf(`2024-05-01T%s.%09dZ stdout F {"level":%q,"message":%q}`, clock(i), i, level(i), body(i))
		}, "2024-05-01T10:01:10.000000070Z"},
		{"two layouts", func(i int) string {
			if i%3 == 0 {
				return fmt.Sprintf("2024/05/01 %s %s", clock(i), body(i))
			}
			return fmt.Sprintf("[Wed May 01 %s 2024] [%s] %s", clock(i), strings.ToLower(level(i)), body(i))
		}, "Wed May 01 10:01:10 2024"},
	}
	want := map[string]bool{"order <*> paid in <*> ms": true, "cache is warm": true, "cannot reach <*>: connection refused": true, "<*> items left": true}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := New(Options{})
			for i := range 400 {
				c.Add([]byte(tt.line(i)))
			}
			got := map[string]bool{}
			for _, cl := range c.Clusters() {
				got[cl.Template] = true
				if !want[cl.Template] {
					t.Errorf("cluster %q of %d lines", cl.Template, cl.Count)
				}
			}
			if len(got) != len(want) {
				t.Errorf("%d templates, want %d", len(got), len(want))
			}
			if got := c.Time([]byte(tt.line(70))); got != tt.time {
				t.Errorf("time of %q is %q, want %q", tt.line(70), got, tt.time)
			}
		})
	}
}

// TestHeaderChanges: a stream that changes its layout is learnt anew.
func TestHeaderChanges(t *testing.T) {
	c := New(Options{})
	for i := range 1000 {
		c.Add(fmt.Appendf(nil, "2024/05/01 10:00:%02d served %d", i%60, i))
	}
	for i := range 4000 {
		c.Add(fmt.Appendf(nil, "May  1 10:00:%02d web1 shopd[12]: served %d", i%60, i))
	}
	id := c.Resolve(c.Add([]byte("May  1 10:00:00 web1 shopd[12]: served 5")))
	if want := IDOf("served <*>"); id != want {
		for _, cl := range c.Clusters() {
			t.Logf("%6d %s", cl.Count, cl.Template)
		}
		t.Errorf("id %v, want %v", id, want)
	}
}

// TestNoHeader: a time within messages is no header.
func TestNoHeader(t *testing.T) {
	for _, line := range []string{
		"worker 5 stopped at 10:00:%02d by request",
		"node-12 has seen 10:00:%02d pass",
		"10.11.10.%d GET of 100 bytes done",
		"disconnection: session time: 0:10:%02d user=joe",
	} {
		c := New(Options{})
		for i := range 300 {
			c.Add(fmt.Appendf(nil, line, 10+i%50))
		}
		if cl := c.Clusters(); len(cl) != 1 || len(strings.Fields(cl[0].Template)) < len(strings.Fields(line)) {
			t.Errorf("%q became %q", line, cl[0].Template)
		}
	}
}

// TestHeaderLate: lines that were clustered before there were enough to know
// their header are in the clusters of those that came later.
func TestHeaderLate(t *testing.T) {
	c := New(Options{})
	line := func(i int) []byte {
		return fmt.Appendf(nil, "2024-05-01 10:00:%02d,%03d INFO  [main] Cart: order %d paid", i%60, i%1000, i*7919)
	}
	var early []ID
	for i := range 10 {
		early = append(early, c.Resolve(c.Add(line(i))))
	}
	for i := range 1000 {
		c.Add(line(i))
	}
	cl := c.Clusters()
	if len(cl) != 1 || cl[0].Template != "order <*> paid" || cl[0].Count != 1010 || cl[0].First != 1 {
		t.Fatalf("clusters %+v", cl)
	}
	for _, id := range early {
		if now := c.Resolve(id); now != cl[0].ID {
			t.Errorf("early id %v leads to %v, want %v", id, now, cl[0].ID)
		}
	}
}
