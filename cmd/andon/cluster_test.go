package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares got with a file.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs, -update rewrites it; got\n%s", name, got)
	}
}

func TestCluster(t *testing.T) {
	in := func(name string) string { return filepath.Join("testdata", "cluster", name) }
	tests := []struct {
		name   string
		s      clusterCommand
		stdin  string
		golden string
	}{
		{name: "table", s: clusterCommand{file: in("new.log"), format: "table"}, golden: "table.golden"},
		{name: "standard input", s: clusterCommand{format: "table", top: 2}, stdin: in("new.log"), golden: "top.golden"},
		{name: "against an older log", s: clusterCommand{file: in("new.log"), against: in("old.log"), format: "table"}, golden: "against.golden"},
		{name: "lines", s: clusterCommand{file: in("new.log"), format: "tsv"}, golden: "tsv.golden"},
		{name: "JSON", s: clusterCommand{file: in("new.log"), against: in("old.log"), format: "json"}, golden: "json.golden"},
		{name: "nothing", s: clusterCommand{file: "-", format: "table"}, golden: "empty.golden"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			tt.s.out, tt.s.in = &out, strings.NewReader("")
			if tt.stdin != "" {
				f, err := os.Open(tt.stdin)
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				tt.s.in = f
			}
			if err := tt.s.run(t.Context()); err != nil {
				t.Fatal(err)
			}
			golden(t, in(tt.golden), out.Bytes())
		})
	}
}

func TestClusterErrors(t *testing.T) {
	tests := []struct {
		name, says string
		s          clusterCommand
	}{
		{"no such file", "nowhere.log: no such file", clusterCommand{file: "nowhere.log", format: "table"}},
		{"old from standard input", "standard input is read for the newer log", clusterCommand{against: "-", format: "table"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.s.in, tt.s.out = strings.NewReader(""), &bytes.Buffer{}
			if err := tt.s.run(t.Context()); err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %v, want one that says %q", err, tt.says)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := (clusterCommand{in: strings.NewReader("a\n"), out: &bytes.Buffer{}, format: "table"}).run(ctx); err == nil {
		t.Error("an interrupted survey ends without an error")
	}
}

func TestShowReading(t *testing.T) {
	var out bytes.Buffer
	now := time.Unix(0, 0)
	show := showReading(&out, 200, func() time.Time { return now })
	show(50, 1)
	if out.Len() > 0 {
		t.Error("a bar is shown at once")
	}
	now = now.Add(2 * time.Second)
	show(50, 7)
	if want := "\r\x1b[K[#######.......................]  25%  7 lines"; out.String() != want {
		t.Errorf("bar %q, want %q", out.String(), want)
	}
}
