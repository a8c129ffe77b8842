package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
)

// TestPluginProtocolOfEveryType asks the built plugin every type and view as
// Grafana does, and holds its answers against those of this process. Behind
// both are a Prometheus, what a Loki answered, and an exporter's words.
func TestPluginProtocolOfEveryType(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the plugin")
	}
	p := start(t, build(t))
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	settings := backend.DataSourceInstanceSettings{ID: 1, UID: "uid-1", Name: "Andon", Type: ID, Updated: time.Unix(1, 0), URL: prometheusServer(t, shop()),
		JSONData: json.RawMessage(fmt.Sprintf(`{"exporterUrl":%q,"lokiUrl":%q,"prometheusUid":"uid-p","lokiUid":"uid-l"}`, exporterServer(t), recordedLoki(t)))}
	whose := backend.PluginContext{Namespace: "default", PluginID: ID, PluginVersion: "0.1.0", DataSourceInstanceSettings: &settings,
		User: &backend.User{Login: "ann", Role: "Viewer"}}
	queries := map[string]string{}
	for name, query := range goldens {
		queries[name] = "{" + query + "}"
	}
	req := ask(queries)
	req.PluginContext = whose
	raw, err := p.data.QueryData(ctx, backend.ToProto().QueryDataRequest(req))
	if err != nil {
		t.Fatal(err)
	}
	got, err := backend.FromProto().QueryDataResponse(raw)
	if err != nil {
		t.Fatal(err)
	}
	want, err := instance(t, settings).QueryData(ctx, ask(queries))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(queries)) {
		t.Run(name, func(t *testing.T) {
			g, w := got.Responses[name], want.Responses[name]
			if g.Error != nil || w.Error != nil || len(w.Frames) == 0 {
				t.Fatalf("%v; here %v", g.Error, w.Error)
			}
			if !strings.HasSuffix(name, "-none") && !strings.Contains(name, "none-") && w.Frames[0].Rows() == 0 {
				t.Error("there is nothing to see")
			}
			gs, ws := asJSON(t, g.Frames), asJSON(t, w.Frames)
			if gs != ws {
				t.Errorf("answered\n%.600s\nhere\n%.600s", gs, ws)
			}
		})
	}
	t.Run("health", func(t *testing.T) {
		h, err := p.diagnostics.CheckHealth(ctx, &pluginv2.CheckHealthRequest{PluginContext: backend.ToProto().PluginContext(whose)})
		if err != nil || h.Status != pluginv2.CheckHealthResponse_OK || h.Message != "Prometheus answers queries; Loki answers queries; the exporter is ready" {
			t.Errorf("%v, %v", h, err)
		}
	})
	t.Run("feedback of a viewer", func(t *testing.T) {
		stream, err := p.resource.CallResource(ctx, &pluginv2.CallResourceRequest{PluginContext: backend.ToProto().PluginContext(whose),
			Path: "feedback", Url: "feedback", Method: "POST", Body: []byte(`{"service":"cart","cluster":"1","risk":"high"}`)})
		if err != nil {
			t.Fatal(err)
		}
		if res, err := stream.Recv(); err != nil || res.Code != 403 {
			t.Errorf("%v, %v", res, err)
		}
	})
}

// asJSON writes frames with the keys of all objects in order: those of a link's
// query lose theirs on the way.
func asJSON(t *testing.T, frames data.Frames) string {
	t.Helper()
	b, err := json.Marshal(frames)
	var decoded any
	if err == nil {
		err = json.Unmarshal(b, &decoded)
	}
	if err == nil {
		b, err = json.Marshal(decoded)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestPluginProtocolOfStreams follows a deviation in seconds that pass.
func TestPluginProtocolOfStreams(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the plugin")
	}
	now := time.Now()
	var all []testSeries
	for i, version := range []string{"v1", "v1", "v1", "v2"} {
		all = append(all, testSeries{[]string{"__name__", "latency_seconds", "pod", fmt.Sprint("pod-", i), "version", version},
			now.Add(-10 * time.Minute), now.Add(5 * time.Minute), wobble(.2, float64(i))})
	}
	settings := backend.DataSourceInstanceSettings{ID: 1, UID: "uid-1", Name: "Andon", Type: ID, Updated: time.Unix(1, 0), URL: prometheusServer(t, all)}
	whose := backend.PluginContext{Namespace: "default", PluginID: ID, PluginVersion: "0.1.0", DataSourceInstanceSettings: &settings}
	asked := fmt.Appendf(nil, `{"query":{"expr":"latency_seconds","nodeLabel":"pod","step":"1s","candidate":{"version":"v2"},"control":{"version":"v1"}},"range":{"from":%d,"to":%d},"intervalMs":1000}`,
		now.Add(-time.Minute).UnixMilli(), now.UnixMilli())
	p := start(t, build(t))
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	first, err := p.stream.SubscribeStream(ctx, &pluginv2.SubscribeStreamRequest{PluginContext: backend.ToProto().PluginContext(whose), Path: "live/x", Data: asked})
	if err != nil || first.Status != pluginv2.SubscribeStreamResponse_OK {
		t.Fatal(first, err)
	}
	frames := []*data.Frame{frameOf(t, first.Data)}
	if n := frames[0].Rows(); n < 60 {
		t.Errorf("%d rows came at once", n)
	}
	run, err := p.stream.RunStream(ctx, &pluginv2.RunStreamRequest{PluginContext: backend.ToProto().PluginContext(whose), Path: "live/x", Data: asked})
	if err != nil {
		t.Fatal(err)
	}
	for len(frames) < 4 {
		packet, err := run.Recv()
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, frameOf(t, packet.Data))
	}
	for i, f := range frames[1:] {
		if len(f.Meta.Notices) > 0 || f.Rows() < 1 || len(f.Fields) != 2 {
			t.Fatalf("frame %d has %d rows, notices %v", i, f.Rows(), f.Meta.Notices)
		}
		if at, before := f.Fields[0].At(0).(time.Time), frames[i].Fields[0].At(frames[i].Rows()-1).(time.Time); at.Before(before) {
			t.Errorf("frame %d begins at %s, and the one before ended at %s", i, at, before)
		}
	}
}

func frameOf(t *testing.T, b []byte) *data.Frame {
	t.Helper()
	var f data.Frame
	if err := json.Unmarshal(b, &f); err != nil {
		t.Fatal(err)
	}
	return &f
}
