package cluster

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// benchLines are the lines that speed is measured on: the labelled logs if
// they are there, else the made-up ones.
func benchLines(b *testing.B, kind string) [][]byte {
	b.Helper()
	var out [][]byte
	files, _ := filepath.Glob(filepath.Join(labelledDir, "*", kind+".txt"))
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			b.Fatal(err)
		}
		out = append(out, bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))...)
	}
	if len(out) == 0 {
		b.Log("the labelled logs are not there: measured on made-up ones")
		for _, s := range readStyles(b, "styles") {
			l := s.make(1, 2000)
			lines := l.body
			if kind == "raw" {
				lines = l.raw
			}
			for _, line := range lines {
				out = append(out, []byte(line))
			}
		}
	}
	return out
}

// cpu is the processor time of this process, which a busy neighbour does not lengthen as it does wall time.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func reportLines(b *testing.B, lines int, since time.Duration) {
	b.ReportMetric(float64(lines)*float64(b.N)/(cpu()-since).Seconds()/1e6, "Mlines/cpu-s")
}

// BenchmarkTrained adds lines whose clusters are known.
func BenchmarkTrained(b *testing.B) {
	for _, kind := range []string{"body", "raw"} {
		b.Run(kind, func(b *testing.B) {
			lines := benchLines(b, kind)
			c := New(Options{})
			for range 2 {
				for _, l := range lines {
					c.Add(l)
				}
				c.Clusters()
			}
			b.ReportAllocs()
			start := cpu()
			for b.Loop() {
				for _, l := range lines {
					c.Add(l)
				}
			}
			reportLines(b, len(lines), start)
		})
	}
}

// BenchmarkLearning adds lines to a Clusterer that knows nothing.
func BenchmarkLearning(b *testing.B) {
	for _, kind := range []string{"body", "raw"} {
		b.Run(kind, func(b *testing.B) {
			lines := benchLines(b, kind)
			b.ReportAllocs()
			start := cpu()
			for b.Loop() {
				c := New(Options{})
				for _, l := range lines {
					c.Add(l)
				}
				c.Clusters()
			}
			reportLines(b, len(lines), start)
		})
	}
}

// BenchmarkGrowing adds lines that grow in one way: the time for a byte, or for
// a line, must not grow with them.
func BenchmarkGrowing(b *testing.B) {
	repeat := func(s string, n int) []byte { return bytes.Repeat([]byte(s), n/len(s)+1)[:n] }
	for name, piece := range map[string]string{"letters": "a", "tokens": "ab c1 ", "brackets": "[", "quotes": "\"'", "keys": "k=v,", "equals": "=", "colons": "a:1:", "dots": "a.", "slashes": "/a", "backslashes": `\a`, "dashes": "a-1", "digits": "1", "hex bytes": "a1 ", "base64": "aB1+", "JSON": `{"a":`, "non-ASCII": "é1"} {
		for _, n := range []int{1 << 8, 1 << 10, 1 << 12, 1 << 14} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				line := repeat(piece, n)
				c := New(Options{})
				b.SetBytes(int64(n))
				for b.Loop() {
					c.Add(line)
				}
			})
		}
	}
	for _, n := range []int{1 << 10, 1 << 12, 1 << 14, 1 << 16} {
		b.Run(fmt.Sprintf("different templates/%d", n), func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 1))
			var buf []byte
			lines := make([][]byte, n)
			for i := range lines {
				buf = junk(r, buf)
				lines[i] = bytes.Clone(buf)
			}
			for b.Loop() {
				c := New(Options{})
				for _, l := range lines {
					c.Add(l)
				}
				c.Clusters()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n)/float64(b.N), "ns/line")
		})
	}
}
