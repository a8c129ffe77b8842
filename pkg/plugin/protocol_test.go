package plugin

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/grpcplugin"
	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
)

// A pluginConnection is what Grafana holds of a plugin that it started.
type pluginConnection struct {
	data        pluginv2.DataClient
	diagnostics pluginv2.DiagnosticsClient
	resource    pluginv2.ResourceClient
	stream      pluginv2.StreamClient
}

// build compiles the plugin and returns the program.
func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "gpx_andon")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	command := exec.Command("go", "build", "-o", program, "github.com/andon-project/andon/pkg")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", command, err, out)
	}
	return program
}

// start runs the program as Grafana does: handshake, then gRPC.
func start(t *testing.T, program string) pluginConnection {
	t.Helper()
	client := goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig: goplugin.HandshakeConfig{
			ProtocolVersion:  grpcplugin.ProtocolVersion,
			MagicCookieKey:   grpcplugin.MagicCookieKey,
			MagicCookieValue: grpcplugin.MagicCookieValue,
		},
		VersionedPlugins: map[int]goplugin.PluginSet{grpcplugin.ProtocolVersion: {
			"diagnostics": &grpcplugin.DiagnosticsGRPCPlugin{},
			"resource":    &grpcplugin.ResourceGRPCPlugin{},
			"data":        &grpcplugin.DataGRPCPlugin{},
			"stream":      &grpcplugin.StreamGRPCPlugin{},
		}},
		Cmd:              exec.Command(program),
		SkipHostEnv:      true,
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		Logger:           hclog.New(&hclog.LoggerOptions{Level: hclog.Error, Output: os.Stderr}),
	})
	t.Cleanup(client.Kill)
	protocol, err := client.Client()
	if err != nil {
		t.Fatal(err)
	}
	return pluginConnection{
		dispense[pluginv2.DataClient](t, protocol, "data"),
		dispense[pluginv2.DiagnosticsClient](t, protocol, "diagnostics"),
		dispense[pluginv2.ResourceClient](t, protocol, "resource"),
		dispense[pluginv2.StreamClient](t, protocol, "stream"),
	}
}

func dispense[T any](t *testing.T, protocol goplugin.ClientProtocol, name string) T {
	t.Helper()
	raw, err := protocol.Dispense(name)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	client, ok := raw.(T)
	if !ok {
		t.Fatalf("%s is a %T", name, raw)
	}
	return client
}

// TestPluginProtocol builds the plugin and talks to it as Grafana does, with
// a real Prometheus behind it.
func TestPluginProtocol(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the plugin")
	}
	p := start(t, build(t))
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	settings := &backend.DataSourceInstanceSettings{ID: 1, UID: "uid-1", Name: "Andon", Type: ID, Updated: time.Unix(1, 0),
		URL: prometheusServer(t, shop()), JSONData: json.RawMessage(`{"timeInterval":"15s"}`)}
	whose := backend.PluginContext{Namespace: "default", PluginID: ID, PluginVersion: "0.1.0", DataSourceInstanceSettings: settings}

	t.Run("health", func(t *testing.T) {
		h, err := p.diagnostics.CheckHealth(ctx, &pluginv2.CheckHealthRequest{PluginContext: backend.ToProto().PluginContext(whose)})
		if err != nil || h.Status != pluginv2.CheckHealthResponse_OK || h.Message != "Prometheus answers queries" {
			t.Errorf("%v, %v", h, err)
		}
	})
	t.Run("health after the URL was changed", func(t *testing.T) {
		changed, other := *settings, whose
		changed.URL, changed.Updated = "http://127.0.0.1:1", time.Unix(2, 0)
		other.DataSourceInstanceSettings = &changed
		h, err := p.diagnostics.CheckHealth(ctx, &pluginv2.CheckHealthRequest{PluginContext: backend.ToProto().PluginContext(other)})
		if err != nil || h.Status != pluginv2.CheckHealthResponse_ERROR || !strings.Contains(string(h.JsonDetails), "verboseMessage") {
			t.Errorf("%v, %v", h, err)
		}
	})
	t.Run("query", func(t *testing.T) {
		req := ask(map[string]string{"A": "{" + canary + "}", "B": `{"expr":"up"}`})
		req.PluginContext = whose
		raw, err := p.data.QueryData(ctx, backend.ToProto().QueryDataRequest(req))
		if err != nil {
			t.Fatal(err)
		}
		res, err := backend.FromProto().QueryDataResponse(raw)
		if err != nil {
			t.Fatal(err)
		}
		a := res.Responses["A"]
		if a.Error != nil || len(a.Frames) != 1 || a.Frames[0].Rows() != 60 {
			t.Fatalf("A: %v, %d frames", a.Error, len(a.Frames))
		}
		if err := complete(a.Frames[0]); err != nil {
			t.Errorf("A: %v", err)
		}
		if got := last(a.Frames[0]); got < 5 {
			t.Errorf("A: last deviation is %v, wanted more than 5", got)
		}
		if b := res.Responses["B"]; b.Error == nil || b.Status != backend.StatusBadRequest {
			t.Errorf("B: status %d, %v", b.Status, b.Error)
		}
	})
	t.Run("resource", func(t *testing.T) {
		code, body := call(ctx, t, p, whose, `{"expr":"sum(x y)"}`)
		if want := `{"ok":false,"error":"unexpected identifier \"y\" in aggregation","start":6,"end":7}`; code != 200 || body != want {
			t.Errorf("%d %s, wanted %s", code, body, want)
		}
		if code, body := call(ctx, t, p, whose, `{"expr":"rate(x[$__rate_interval])"}`); code != 200 || body != `{"ok":true,"start":0,"end":0}` {
			t.Errorf("%d %s", code, body)
		}
		if code, body := call(ctx, t, p, whose, `nothing`); code != 400 || !strings.Contains(body, `"error"`) {
			t.Errorf("%d %s", code, body)
		}
	})
	t.Run("metrics", func(t *testing.T) {
		m, err := p.diagnostics.CollectMetrics(ctx, &pluginv2.CollectMetricsRequest{PluginContext: backend.ToProto().PluginContext(whose)})
		if err != nil || !strings.Contains(string(m.Metrics.Prometheus), "go_goroutines") {
			t.Errorf("%v, %v", m, err)
		}
	})
}

// call posts a body to the validation.
func call(ctx context.Context, t *testing.T, p pluginConnection, whose backend.PluginContext, body string) (int32, string) {
	t.Helper()
	stream, err := p.resource.CallResource(ctx, &pluginv2.CallResourceRequest{
		PluginContext: backend.ToProto().PluginContext(whose), Path: "validate", Url: "validate", Method: "POST", Body: []byte(body)})
	if err != nil {
		t.Fatal(err)
	}
	res, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	return res.Code, strings.TrimSpace(string(res.Body))
}
