package cluster

import (
	"bytes"
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
