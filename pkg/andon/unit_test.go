package andon

import "testing"

func TestWrittenUnit(t *testing.T) {
	tests := []struct {
		signal Signal
		want   string
	}{
		{Signal{Metric: "x", Unit: "widgets"}, "widgets"},
		{Signal{Logs: `{app="shop"}`}, ""},
		{Signal{Metric: "request_duration_seconds"}, "s"},
		{Signal{Metric: `max by (pod) (request_duration_seconds{quantile="0.99"})`}, "s"},
		{Signal{Metric: "rpc_latency_milliseconds"}, "ms"},
		{Signal{Metric: "time() - process_start_time_seconds"}, "s"},
		{Signal{Metric: "histogram_quantile(0.99, sum by (le, pod) (rate(http_request_duration_seconds_bucket[1m])))"}, "s"},
		{Signal{Metric: "histogram_quantile(0.99, sum by (pod) (rate(http_request_duration_seconds[1m])))"}, "s"},
		{Signal{Metric: "sum by (pod) (rate(d_seconds_sum[1m])) / sum by (pod) (rate(d_seconds_count[1m]))"}, "s"},
		{Signal{Metric: "1000 * request_duration_seconds"}, ""},
		{Signal{Metric: "queue_wait_seconds / queue_limit_seconds"}, ""},
		{Signal{Metric: "rate(d_seconds_sum[1m])"}, ""},
		{Signal{Metric: "rate(d_seconds_count[1m])"}, "/s"},
		{Signal{Metric: "rate(waited_seconds_total[1m])"}, ""},
		{Signal{Metric: "sum by (pod) (rate(process_cpu_seconds_total[30s]))"}, "cores"},
		{Signal{Metric: `sum by (pod) (process_resident_memory_bytes{job="a/b"})`}, "bytes"},
		{Signal{Metric: "node_memory_free_bytes / node_memory_total_bytes"}, ""},
		{Signal{Metric: "rate(sent_bytes_total[1m])"}, "bytes/s"},
		{Signal{Metric: "increase(sent_bytes_total[1m])"}, ""},
		{Signal{Metric: "rate(requests_total[1m])"}, "/s"},
		{Signal{Metric: "increase(requests_total[1m])"}, ""},
		{Signal{Metric: "rate(errors_total[1m]) / rate(requests_total[1m])"}, ""},
		{Signal{Metric: `sum(up{unit="_seconds"}) by (wait_seconds)`}, ""},
		{Signal{Name: "errors", Metric: "rate(errors_total[1m])", Per: "rate(requests_total[1m])"}, "ratio"},
		{Signal{Name: "slow", Metric: "slow_requests_per_second", Per: "requests_per_second"}, "ratio"},
		{Signal{Name: "lost messages", Metric: "increase(lost_total[1m])", Per: "sum by (pod) (pod_info)"}, ""},
		{Signal{Metric: "success", Kind: Failures}, "ratio"},
		{Signal{Metric: "success", Kind: Failures, Unit: "percent"}, "percent"},
		{Signal{Name: "restarts", Metric: `sum by (pod) (rate(restarts_total{job="a/b"}[30s]))`, Per: "sum by (pod) (pod_info)"}, "events/s"},
		{Signal{Metric: "container_restarts_total"}, "events/s"},
		{Signal{Metric: "rate(container_restarts_total[5m])"}, "events/s"},
		{Signal{Metric: "increase(container_restarts_total[5m])"}, ""},
		{Signal{Metric: "rate(container_restarts_total[5m])", Per: "rate(requests_total[5m])", Kind: Crashes}, ""},
		{Signal{Name: "kpi", Metric: "kpi"}, ""},
	}
	for _, tt := range tests {
		if got := tt.signal.WrittenUnit(); got != tt.want {
			t.Errorf("%+v is written in %q, want %q", tt.signal, got, tt.want)
		}
	}
}
