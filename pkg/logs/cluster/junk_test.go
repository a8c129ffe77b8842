package cluster

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// junk writes a line that no other is like into buf.
func junk(r *rand.Rand, buf []byte) []byte {
	buf = buf[:0]
	kind := r.IntN(4)
	for range 3 + r.IntN(20) {
		switch kind {
		case 0: // words that nobody knows
			for range 2 + r.IntN(9) {
				buf = append(buf, byte('a'+r.IntN(26)))
			}
		case 1: // any bytes
			for range 1 + r.IntN(12) {
				buf = append(buf, byte(r.IntN(256)))
			}
		case 2: // printable, marks included
			for range 1 + r.IntN(12) {
				buf = append(buf, byte(33+r.IntN(94)))
			}
		default: // a constant text with a word that nobody knows
			buf = append(buf, "the quick fox"[r.IntN(12)], byte('a'+r.IntN(26)), byte('a'+r.IntN(26)), byte('a'+r.IntN(26)))
		}
		buf = append(buf, ' ')
	}
	return buf
}

// TestJunk: millions of lines that are all different neither take memory
// without bound nor push out the clusters of real lines. JUNK sets the number
// of lines.
func TestJunk(t *testing.T) {
	n := 200_000
	if s := os.Getenv("JUNK"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	c := New(Options{})
	var bodies []string
	for _, s := range readStyles(t, "styles") {
		bodies = append(bodies, s.make(3, 2000).body...)
	}
	for range 2 {
		for _, l := range bodies {
			c.Add([]byte(l))
		}
	}
	before := c.Clusters()
	if len(before) < 100 {
		t.Fatalf("%d clusters of real lines", len(before))
	}
	r := rand.New(rand.NewPCG(1, 2))
	var buf []byte
	for range n {
		buf = junk(r, buf)
		c.Add(buf)
	}
	after := make(map[ID]int64)
	sum := c.NotKept()
	for _, cl := range c.Clusters() {
		after[c.Resolve(cl.ID)] += cl.Count
		sum += cl.Count
	}
	if want := int64(2*len(bodies) + n); sum != want {
		t.Errorf("%d lines are in clusters or counted as not kept, want %d", sum, want)
	}
	lost := 0
	for _, cl := range before {
		if after[c.Resolve(cl.ID)] < cl.Count {
			lost++
			t.Logf("lost: %v %s (%d)", cl.ID, cl.Template, cl.Count)
		}
	}
	if lost > 0 {
		t.Errorf("%d of %d clusters of real lines are lost", lost, len(before))
	}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	status, _ := os.ReadFile("/proc/self/status")
	peak := ""
	for l := range strings.Lines(string(status)) {
		if strings.HasPrefix(l, "VmHWM") {
			peak = strings.Join(strings.Fields(l), " ")
		}
	}
	t.Logf("%d junk lines: %d clusters, %d lines not kept, heap %d MiB, %s", n, len(after), c.NotKept(), m.HeapAlloc>>20, peak)
	if m.HeapAlloc > 32<<20 {
		t.Errorf("heap of %s after %d junk lines", fmt.Sprint(m.HeapAlloc>>20, " MiB"), n)
	}
	runtime.KeepAlive(c)
}
