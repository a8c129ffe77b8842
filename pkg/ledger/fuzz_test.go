package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"
	"unicode/utf8"
)

func FuzzAppend(f *testing.F) {
	for _, seed := range []struct{ key, kind, data string }{
		{"a", "k", `{}`}, {"", "k", `1`}, {"*.>", " ", `{"a": [1, 2 ]}`}, {"\xff", "k", `null`},
		{"\u2028<&>", "k", "\"\u2028<&>\""}, {"x\r\ny", "k", ``}, {"b", "k", `"` + "\xff" + `"`}, {"c", "k", `{`},
	} {
		f.Add(seed.key, seed.kind, seed.data, int64(0))
	}
	l := open(f, Config{Dir: f.TempDir()})
	f.Fuzz(func(t *testing.T, key, kind, data string, nanos int64) {
		in := Fact{Key: key, Kind: kind, Data: json.RawMessage(data), At: time.Unix(0, nanos)}
		before, had, err := l.Get(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		first, err := l.Append(t.Context(), in)
		legal := key != "" && kind != "" && utf8.ValidString(key) && utf8.ValidString(kind) && (data == "" || json.Valid(in.Data))
		if !legal || len(data) > MaxFact {
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("got %v, want ErrInvalid", err)
			}
			return
		}
		if err != nil || first == had {
			t.Fatalf("first %v, had %v, %v", first, had, err)
		}
		want := before
		if !had {
			want = compacted(in)
		}
		got, found, err := l.Get(t.Context(), key)
		if err != nil || !found || got.Key != key || got.Kind != want.Kind || !got.At.Equal(want.At) || !bytes.Equal(got.Data, want.Data) {
			t.Fatalf("got %+v %v %v, want %+v", got, found, err, want)
		}
	})
	f.Cleanup(func() {
		seen := map[string]bool{}
		for got, err := range l.All(context.Background()) {
			if err != nil {
				f.Error(err)
			}
			if seen[got.Key] {
				f.Errorf("%q is there twice", got.Key)
			}
			seen[got.Key] = true
		}
	})
}

func compacted(f Fact) Fact {
	if len(f.Data) == 0 {
		f.Data = json.RawMessage("null")
	}
	var b bytes.Buffer
	if err := json.Compact(&b, f.Data); err != nil {
		panic(err)
	}
	f.Data = b.Bytes()
	return f
}
