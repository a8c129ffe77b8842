package plugin

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// tapeFile holds what a real Loki answered about the cart's log.
const tapeFile = "testdata/loki.json.gz"

// recordedLoki serves what a real Loki was asked and answered; what it was not
// asked is answered from memory, with a word in the log. With LOKI_URL it
// asks the one there, which is told of the cart's log before, and with
// -update it records that.
func recordedLoki(t *testing.T) string {
	t.Helper()
	tape := map[string]json.RawMessage{}
	live := os.Getenv("LOKI_URL")
	if live != "" {
		push(t, live)
	} else {
		f, err := os.Open(tapeFile)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err == nil {
			err = json.NewDecoder(z).Decode(&tape)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var mu sync.Mutex
	found, memory := 0, lokiServer(t, cartLog())
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		answer, ok := tape[r.URL.RequestURI()]
		if ok {
			found++
		} else if live == "" {
			t.Logf("%s is not on the tape and answered from memory; record it anew: run Loki, set LOKI_URL, test with -run TestPluginProtocol -update", r.URL.RequestURI())
			answer = listen(t, memory+r.URL.RequestURI())
		} else {
			answer = listen(t, live+r.URL.RequestURI())
			tape[r.URL.RequestURI()] = answer
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answer)
	}))
	t.Cleanup(func() {
		s.Close()
		if live == "" && found == 0 {
			t.Error("nothing that is asked is on the tape; record it anew: run Loki, set LOKI_URL, test with -run TestPluginProtocol -update")
		}
		if live != "" && *update && !t.Failed() {
			keep(t, tape)
		}
	})
	return s.URL
}

// push tells a Loki of the cart's log.
func push(t *testing.T, live string) {
	t.Helper()
	type stream struct {
		Stream map[string]string `json:"stream"`
		Values [][2]string       `json:"values"`
	}
	var all []stream
	for _, l := range cartLog() {
		all = append(all, stream{l.Labels, [][2]string{{strconv.FormatInt(l.At.UnixNano(), 10), l.Text}}})
	}
	body, err := json.Marshal(map[string]any{"streams": all})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(live+"/loki/api/v1/push", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if said, _ := io.ReadAll(resp.Body); resp.StatusCode/100 != 2 {
		t.Fatalf("status %d: %s", resp.StatusCode, said)
	}
}

// listen asks a Loki, and drops what it says of its own work.
func listen(t *testing.T, url string) json.RawMessage {
	resp, err := http.Get(url)
	if err != nil {
		t.Error(err)
		return nil
	}
	defer resp.Body.Close()
	var answer struct {
		Status string `json:"status"`
		Data   any    `json:"data"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("%s: status %d, %v", url, resp.StatusCode, err)
	}
	if data, ok := answer.Data.(map[string]any); ok {
		delete(data, "stats")
	}
	b, err := json.Marshal(answer)
	if err != nil {
		t.Error(err)
	}
	return b
}

func keep(t *testing.T, tape map[string]json.RawMessage) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	err := json.NewEncoder(z).Encode(tape)
	if err == nil {
		err = z.Close()
	}
	if err == nil {
		err = os.WriteFile(tapeFile, b.Bytes(), 0o600)
	}
	if err != nil {
		t.Error(err)
	}
	t.Logf("%d answers were recorded, %s", len(tape), strings.TrimPrefix(tapeFile, "testdata/"))
}
