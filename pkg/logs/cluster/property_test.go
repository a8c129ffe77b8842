package cluster

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// realLines are lines of many kinds: those of the made-up logs.
func realLines(t testing.TB) []string {
	t.Helper()
	var out []string
	for _, s := range readStyles(t, "styles") {
		out = append(out, s.make(11, 500).body...)
	}
	return out
}

// TestSameIDs: the id of a template depends on its text alone, so that the same
// lines, in any order and however often, have the same ids.
func TestSameIDs(t *testing.T) {
	for _, s := range readStyles(t, "styles") {
		lines := s.make(5, 1500).body
		first, texts := clusterAll(lines)
		for id, text := range texts {
			if IDOf(text) != id {
				t.Fatalf("%s: id %v of %q is not that of its text", s.name, id, text)
			}
		}
		of := map[string]ID{}
		for i, l := range lines {
			of[l] = first[i]
		}
		shuffled := append([]string(nil), lines...)
		rand.New(rand.NewPCG(1, 1)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		again, _ := clusterAll(shuffled)
		differ := 0
		for i, l := range shuffled {
			if again[i] != of[l] {
				differ++
			}
		}
		// What statistics found may depend on the order at the margin; typed values do not.
		if 100*differ > len(lines) {
			t.Errorf("%s: %d of %d lines have another id in another order", s.name, differ, len(lines))
		}
	}
}

// TestTwice: a line that comes again is in the same cluster.
func TestTwice(t *testing.T) {
	c := New(Options{})
	lines := realLines(t)
	for _, l := range lines {
		a, b := c.Add([]byte(l)), c.Add([]byte(l))
		if a, b = c.Resolve(a), c.Resolve(b); a != b {
			t.Fatalf("%q is in %v and then in %v", l, a, b)
		}
	}
}

// TestResolveIsTotal: every id that was given out leads to a cluster that is there.
func TestResolveIsTotal(t *testing.T) {
	c := New(Options{})
	given := map[ID]bool{}
	lines := realLines(t)
	rand.New(rand.NewPCG(3, 1)).Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	for i, l := range lines {
		given[c.Add([]byte(l))] = true
		if i%997 == 0 {
			c.Clusters()
		}
	}
	there := map[ID]bool{}
	total := int64(0)
	for _, cl := range c.Clusters() {
		there[cl.ID] = true
		total += cl.Count
	}
	for id := range given {
		if now := c.Resolve(id); !there[now] {
			t.Errorf("id %v leads to %v, which is no cluster", id, now)
		}
	}
	if total != int64(len(lines)) {
		t.Errorf("clusters have %d lines, want %d", total, len(lines))
	}
}

// TestLearnAgain: a process that learns the templates of an earlier one gives
// their lines the same ids, and finds nothing new.
func TestLearnAgain(t *testing.T) {
	for _, s := range readStyles(t, "styles") {
		lines := s.make(9, 1500).body
		old, texts := clusterAll(lines)
		c := New(Options{})
		for _, text := range texts {
			c.Learn(text)
		}
		unknown, other := 0, 0
		var ids []ID
		for _, l := range lines {
			ids = append(ids, c.Add([]byte(l)))
		}
		c.Clusters()
		for i := range ids {
			switch now := c.Resolve(ids[i]); {
			case texts[now] == "":
				unknown++
				if unknown < 5 {
					t.Logf("%s: %q is new", s.name, lines[i])
				}
			case now != old[i]:
				other++
			}
		}
		if 200*unknown > len(lines) || 100*other > len(lines) {
			t.Errorf("%s: of %d lines %d are taken for new ones and %d have another id", s.name, len(lines), unknown, other)
		}
	}
}

// TestNotKeptIsCounted: with room for a few clusters only, no line is lost in silence.
func TestNotKeptIsCounted(t *testing.T) {
	c := New(Options{MaxClusters: 8})
	n := int64(0)
	for i := range 2000 {
		c.Add([]byte("always the same"))
		c.Add([]byte(strings.Repeat(string(rune('a'+i%26)), 3+i/26%40) + " " + fmt.Sprint(strings.Repeat("xy", i%50))))
		n += 2
	}
	sum, found := c.NotKept(), int64(0)
	for _, cl := range c.Clusters() {
		sum += cl.Count
		if cl.Template == "always the same" {
			found = cl.Count
		}
	}
	if sum != n || found != 2000 {
		t.Errorf("%d lines are accounted for, want %d; %d of 2,000 are in the cluster that was always there", sum, n, found)
	}
}

func FuzzAdd(f *testing.F) {
	for _, l := range []string{"a b=c", `{"msg":"x\u00e9"}`, "ts=1 msg=\"a\\\"b\"", "[[[((({{{", "C:\\a b\\c", "a-1-b_2.c/3", "::1 1:2:3", "Jun 14 10:00:00 x[1]: y", "\xff\xfe\x00", "=====", "<*>.<*> a.<*>"} {
		f.Add([]byte(l), []byte("x 1"))
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		c := New(Options{MaxClusters: 16})
		for range 3 {
			c.Add(a)
			c.Add(b)
		}
		c.Clusters()
		c.Learn(string(b))
		id := c.Add(a)
		if again := c.Add(a); c.Resolve(id) != c.Resolve(again) {
			t.Errorf("%q is in two clusters", a)
		}
		sum := c.NotKept()
		for _, cl := range c.Clusters() {
			sum += cl.Count
			Regexp(cl.Template)
		}
		if sum != 8 {
			t.Errorf("%d of 8 lines are accounted for", sum)
		}
	})
}

func FuzzHeader(f *testing.F) {
	f.Add([]byte("Jun 14 10:00:00 x[1]: y\nJun 15 10:00:00 x[2]: z"))
	f.Add([]byte("{\"log\":\"2024-01-01 a\"}\n{\"log\":\"b\"}"))
	f.Add([]byte("[a|b\n|||\n(((("))
	f.Fuzz(func(t *testing.T, text []byte) {
		lines := strings.Split(string(text), "\n")
		c := New(Options{})
		for i := range 300 {
			c.Add([]byte(lines[i%len(lines)]))
		}
		for _, l := range lines {
			c.Time([]byte(l))
		}
		sum := c.NotKept()
		for _, cl := range c.Clusters() {
			sum += cl.Count
		}
		if sum != 300 {
			t.Errorf("%d of 300 lines are accounted for", sum)
		}
	})
}

// TestTrainedDoesNotAllocate: a line whose cluster is known costs no memory.
func TestTrainedDoesNotAllocate(t *testing.T) {
	c := New(Options{})
	var lines [][]byte
	for _, s := range readStyles(t, "styles") {
		l := s.make(13, 500)
		for i := range l.body {
			lines = append(lines, []byte(l.body[i]), []byte(l.raw[i]))
		}
	}
	for range 2 {
		for _, l := range lines {
			c.Add(l)
		}
		c.Clusters()
	}
	c.header.wait = 1 << 30 // lines that fit no header are sampled ever more seldom, into memory used before
	if n := testing.AllocsPerRun(3, func() {
		for _, l := range lines {
			c.Add(l)
		}
	}); n > 0 {
		t.Errorf("%v allocations for %d known lines", n, len(lines))
	}
}
