package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// A taker takes what a stream sends.
type taker struct{ frames []*data.Frame }

// Send implements backend.StreamPacketSender.
func (s *taker) Send(p *backend.StreamPacket) error {
	var f data.Frame
	if err := json.Unmarshal(p.Data, &f); err != nil {
		return err
	}
	s.frames = append(s.frames, &f)
	return nil
}

// subscriptionTo is what a subscriber sends who looks from ten past noon.
func subscriptionTo(query string) json.RawMessage {
	return json.RawMessage(fmt.Sprintf(`{"query":{%s},"range":{"from":%d,"to":%d},"intervalMs":15000}`,
		query, noon.Add(10*time.Minute).UnixMilli(), noon.Add(30*time.Minute).UnixMilli()))
}

// stream subscribes at half past noon, and returns the frame that came at once
// and those of so many bins; atBin may change the world at each.
func stream(t *testing.T, d *Datasource, query string, bins int, atBin func(int)) []*data.Frame {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	now, count := noon.Add(30*time.Minute+20*time.Second), 0
	d.streams.clock = clock{now: func() time.Time { return now }, wait: func(_ context.Context, until time.Time) error {
		if count++; count > bins {
			cancel()
			return ctx.Err()
		}
		if !until.After(now) {
			return errors.New("waits for what has passed")
		}
		now = until.Add(3 * time.Millisecond)
		if atBin != nil {
			atBin(count)
		}
		return nil
	}}
	first, err := d.SubscribeStream(ctx, &backend.SubscribeStreamRequest{Path: "live/x", Data: subscriptionTo(query)})
	if err != nil {
		t.Fatal(err)
	}
	var taken taker
	if err := taken.Send(&backend.StreamPacket{Data: first.InitialData.Data()}); err != nil {
		t.Fatal(err)
	}
	if err := d.RunStream(ctx, &backend.RunStreamRequest{Path: "live/x", Data: subscriptionTo(query)}, backend.NewStreamSender(&taken)); err != nil {
		t.Fatal(err)
	}
	return taken.frames
}

// points returns what all frames show together, and how many rows they have.
func points(all []*data.Frame) (shown map[string]float64, rows []int) {
	shown = map[string]float64{}
	for _, f := range all {
		rows = append(rows, f.Rows())
		for _, v := range f.Fields[1:] {
			for i := range f.Rows() {
				if x, ok := v.ConcreteAt(i); ok {
					shown[v.Labels.String()+f.Fields[0].At(i).(time.Time).UTC().Format(" 15:04")] = x.(float64)
				}
			}
		}
	}
	return shown, rows
}

// What a stream sends is what a query shows, and no point is sent twice.
func TestStreamAgreesWithQuery(t *testing.T) {
	d := instance(t, backend.DataSourceInstanceSettings{URL: prometheusServer(t, shop())})
	for _, c := range []struct {
		name, query string
		first       int // rows that come at once
	}{
		{"deviation", canary, 21},
		{"values", canary + `,"view":"raw"`, 21},
		{"evidence", cartVerdict + `,"view":"evidence"`, 21},
		{"state", cartVerdict + `,"view":"state"`, 21},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, rows := points(stream(t, d, c.query, 5, nil))
			if want := []int{c.first, 1, 1, 1, 1, 1}; !cmp.Equal(rows[1:], want[1:]) || rows[0] < c.first-1 || rows[0] > c.first {
				t.Errorf("rows are %v, wanted %v", rows, want)
			}
			req := ask(map[string]string{"A": "{" + c.query + "}"})
			req.Queries[0].TimeRange = backend.TimeRange{From: noon.Add(10 * time.Minute), To: noon.Add(35 * time.Minute)}
			res, err := d.QueryData(context.Background(), req)
			if err != nil || res.Responses["A"].Error != nil {
				t.Fatal(err, res.Responses["A"].Error)
			}
			want, _ := points(res.Responses["A"].Frames)
			for at, v := range want {
				if x, ok := got[at]; !ok || x != v {
					t.Errorf("at %s the query shows %v, the stream %v (%v)", at, v, x, ok)
				}
			}
		})
	}
}

// Timelines come whole, every time: which rollouts there are changes.
func TestStreamOfTimeline(t *testing.T) {
	d := instance(t, backend.DataSourceInstanceSettings{URL: prometheusServer(t, shop()), JSONData: json.RawMessage(`{"exporterUrl":"` + exporterServer(t) + `"}`)})
	for i, f := range stream(t, d, `"queryType":"rollouts","view":"timeline"`, 2, nil) {
		if f.Rows() < 2 || f.Meta.Type != data.FrameTypeTimeSeriesWide || f.Fields[0].At(0).(time.Time).After(noon.Add(10*time.Minute)) {
			t.Errorf("frame %d of type %s has %d rows, the first at %v", i, f.Meta.Type, f.Rows(), f.Fields[0].At(0))
		}
	}
}

// Tables come whole, every time.
func TestStreamOfTables(t *testing.T) {
	d := instance(t, backend.DataSourceInstanceSettings{URL: prometheusServer(t, shop()), JSONData: json.RawMessage(`{"exporterUrl":"` + exporterServer(t) + `"}`)})
	for query, rows := range map[string]int{canary + `,"view":"table"`: 1, cartVerdict + `,"view":"findings"`: 2, `"queryType":"rollouts"`: 2} {
		for i, f := range stream(t, d, query, 2, nil) {
			if f.Rows() != rows || f.Meta.Type != data.FrameTypeTable {
				t.Errorf("%s: frame %d has %d rows, wanted %d", query, i, f.Rows(), rows)
			}
		}
	}
}

// While Prometheus is away a stream says so, and once it is back nothing is
// missing.
func TestStreamOutlivesPrometheus(t *testing.T) {
	behind, err := url.Parse(prometheusServer(t, shop()))
	if err != nil {
		t.Fatal(err)
	}
	var away atomic.Bool
	proxy := httputil.NewSingleHostReverseProxy(behind)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if away.Load() {
			http.Error(w, "back soon", http.StatusServiceUnavailable)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	defer s.Close()
	d := instance(t, backend.DataSourceInstanceSettings{URL: s.URL})
	all := stream(t, d, canary, 5, func(bin int) { away.Store(bin == 2 || bin == 3) })
	var rows []int
	for _, f := range all {
		n := -1
		if len(f.Fields) > 0 {
			n = f.Rows()
		} else if said := fmt.Sprint(f.Meta.Notices); !strings.Contains(said, "503") {
			t.Errorf("a frame without rows says %s", said)
		}
		rows = append(rows, n)
	}
	if want := []int{21, 1, -1, -1, 3, 1}; !cmp.Equal(rows, want) {
		t.Errorf("rows are %v, wanted %v", rows, want)
	}
}

func TestStreamRefused(t *testing.T) {
	d := instance(t, backend.DataSourceInstanceSettings{URL: "http://127.0.0.1:1"})
	for _, c := range []struct{ name, path, data, says string }{
		{"another path", "tail/x", string(subscriptionTo(canary)), "begin with live/"},
		{"no data", "live/x", ``, "the data of the subscription"},
		{"no range", "live/x", `{"query":{` + canary + `}}`, "range.from"},
		{"a range to come", "live/x", `{"query":{},"range":{"from":99999999999999}}`, "range.from"},
		{"no query", "live/x", `{"range":{"from":1}}`, "the query cannot be read"},
		{"a bad query", "live/x", `{"query":{"expr":"up"},"range":{"from":1}}`, "candidate is empty"},
		{"Prometheus is away", "live/x", string(subscriptionTo(canary)), "connection refused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := d.SubscribeStream(context.Background(), &backend.SubscribeStreamRequest{Path: c.path, Data: json.RawMessage(c.data)})
			if err == nil || !strings.Contains(err.Error(), c.says) || !backend.IsDownstreamError(err) {
				t.Errorf("error is %v, wanted a downstream one that says %q", err, c.says)
			}
		})
	}
	if r, err := d.PublishStream(context.Background(), &backend.PublishStreamRequest{Path: "live/x"}); err != nil || r.Status != backend.PublishStreamStatusPermissionDenied {
		t.Errorf("publishing: %v, %v", r, err)
	}
}
