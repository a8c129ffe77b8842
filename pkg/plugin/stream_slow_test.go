package plugin

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// A pipe hands on what a stream sends.
type pipe chan *data.Frame

// Send implements backend.StreamPacketSender.
func (p pipe) Send(packet *backend.StreamPacket) error {
	var f data.Frame
	if err := json.Unmarshal(packet.Data, &f); err != nil {
		return err
	}
	p <- &f
	return nil
}

// What takes long to read tells how far it is, comes whole in the end, and ends
// when nobody wants it any more.
func TestStreamOfClustersTellsOfItsProgress(t *testing.T) {
	behind, err := url.Parse(lokiServer(t, cartLog()))
	if err != nil {
		t.Fatal(err)
	}
	proxy, release, gone := httputil.NewSingleHostReverseProxy(behind), make(chan struct{}), make(chan time.Time, 10)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "query_range") && strings.Contains(r.URL.Query().Get("query"), "v1") { // control comes second
			select {
			case <-release:
			case <-r.Context().Done():
				gone <- time.Now()
				return
			}
		}
		proxy.ServeHTTP(w, r)
	}))
	defer s.Close()
	d := instance(t, backend.DataSourceInstanceSettings{URL: "http://127.0.0.1:1", JSONData: json.RawMessage(`{"lokiUrl":"` + s.URL + `"}`)})
	d.streams.clock = clock{now: func() time.Time { return noon.Add(30 * time.Minute) }, wait: func(ctx context.Context, _ time.Time) error {
		<-ctx.Done()
		return ctx.Err()
	}}
	follow := func() (frames pipe, ended chan error, cancel context.CancelFunc) {
		ctx, cancel := context.WithCancel(context.Background())
		frames, ended = make(pipe, 100), make(chan error, 1)
		go func() {
			ended <- d.RunStream(ctx, &backend.RunStreamRequest{Path: "live/x", Data: subscriptionTo(cartLogs)}, backend.NewStreamSender(frames))
		}()
		return frames, ended, cancel
	}

	frames, ended, leave := follow()
	within(t, frames, "nothing is told of the progress")
	left := time.Now()
	leave()
	if err := within(t, ended, "the stream goes on"); err != nil {
		t.Error(err)
	}
	if took := within(t, gone, "Loki still works for somebody who has gone").Sub(left); took > cancelWithin {
		t.Errorf("Loki was freed after %v", took)
	}

	frames, ended, leave = follow()
	progress, ok := within(t, frames, "nothing is told of the progress").Meta.Custom.(map[string]any)
	if share, _ := progress["progress"].(float64); !ok || share < .4 || share >= 1 || progress["lines"].(float64) < 100 {
		t.Errorf("progress is %v after all lines of the candidate", progress)
	}
	close(release)
	for {
		if f := within(t, frames, "the clusters do not come"); len(f.Fields) > 0 {
			if f.Rows() < 3 {
				t.Errorf("%d clusters", f.Rows())
			}
			break
		}
	}
	leave()
	if err := within(t, ended, "the stream goes on"); err != nil {
		t.Error(err)
	}
}
