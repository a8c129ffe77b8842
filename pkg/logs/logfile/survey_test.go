package logfile

import (
	"bufio"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/andon-project/andon/pkg/andon"
)

func lines(n int, format func(i int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(format(i) + "\n")
	}
	return b.String()
}

func rows(t *testing.T, before, after string) map[string]Row {
	t.Helper()
	s := NewSurvey()
	if err := s.ReadOld(t.Context(), strings.NewReader(before)); err != nil {
		t.Fatal(err)
	}
	if err := s.Read(t.Context(), strings.NewReader(after)); err != nil {
		t.Fatal(err)
	}
	out := map[string]Row{}
	for _, r := range s.Report().Rows {
		out[r.Template] = r
	}
	return out
}

func TestClasses(t *testing.T) {
	before := lines(1000, func(i int) string {
		switch {
		case i%100 == 0:
			return "seldom seen"
		case i%10 == 1:
			return fmt.Sprint("will stop ", i)
		case i%10 == 2:
			return fmt.Sprint("retry of call ", i)
		}
		return fmt.Sprint("served request ", i)
	})
	after := lines(1000, func(i int) string {
		switch {
		case i == 500:
			return "never seen: 5 of 6"
		case i%10 < 4:
			return fmt.Sprint("retry of call ", i)
		}
		return fmt.Sprint("served request ", i)
	})
	got := rows(t, before, after)
	for template, want := range map[string]andon.Class{
		"seldom seen":            andon.ClassGone,
		"will stop <*>":          andon.ClassGone,
		"retry of call <*>":      andon.ClassUnexpectedFrequency,
		"served request <*>":     andon.ClassKnown,
		"never seen: <*> of <*>": andon.ClassUnknown,
	} {
		if r, ok := got[template]; !ok || r.Class != want {
			t.Errorf("%q is %q, want %q", template, r.Class, want)
		}
	}
	if r := got["retry of call <*>"]; math.Abs(r.Ratio-3.99) > .001 || r.Was != 100 || r.Count != 399 {
		t.Errorf("retries: %+v", r)
	}
}

// TestBursts: what comes in bursts needs more to be unexpected.
func TestBursts(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	log := func() string {
		burst := 0
		return lines(20000, func(i int) string {
			if r.IntN(1000) == 0 {
				burst = 40
			}
			if burst > 0 {
				burst--
				return "queue is full"
			}
			return fmt.Sprint("served request ", i)
		})
	}
	unexpected := 0
	for range 20 {
		if rows(t, log(), log())["queue is full"].Class == andon.ClassUnexpectedFrequency {
			unexpected++
		}
	}
	if unexpected > 1 {
		t.Errorf("in %d of 20 pairs of logs of the same law bursts are more frequent than expected", unexpected)
	}
}

func TestReadLine(t *testing.T) {
	long := strings.Repeat("x", 3<<16)
	in := bufio.NewReaderSize(strings.NewReader("a\r\n\n"+long+"\nlast"), 1<<16)
	var buf []byte
	var got []string
	for {
		line, size, _ := readLine(in, &buf)
		if size == 0 {
			break
		}
		got = append(got, string(line))
	}
	want := []string{"a", "", long[:maxLine], "last"}
	if len(got) != len(want) {
		t.Fatalf("%d lines, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("line %d has %d bytes, want %d", i, len(got[i]), len(want[i]))
		}
	}
}

func TestTableHidesControls(t *testing.T) {
	s := NewSurvey()
	if err := s.Read(t.Context(), strings.NewReader("a\x1b[31mred\x07 \xff\n")); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := s.Report().WriteTable(&b, 0); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(b.String(), "\x1b\x07") || !utf8.ValidString(b.String()) {
		t.Errorf("control characters reach the terminal: %q", b.String())
	}
}
