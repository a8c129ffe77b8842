package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/andon-project/andon/pkg/source"
)

// healthTimeout is how long a health check waits for one answer: a person is
// looking at a button.
const healthTimeout = 10 * time.Second

// CheckHealth implements backend.CheckHealthHandler. It asks Prometheus for
// 1+1, and the exporter, if one is set, whether it is ready. Without the
// exporter the data source still answers, so that is but a note.
func (d *Datasource) CheckHealth(ctx context.Context, _ *backend.CheckHealthRequest) (*backend.CheckHealthResult, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*healthTimeout)
	defer cancel()
	err := d.checkPrometheus(ctx)
	if err != nil {
		said, hint := explain(err)
		if errors.Is(err, errNoURL) {
			return unwell(errNoURL.Error(), "The URL is on the data source's settings page, under Connection."), nil
		}
		where := d.config.Prometheus.redacted()
		return unwell(fmt.Sprintf("Prometheus at %s: %s", where, said), fmt.Sprintf("%s\n\n%s", hint, err)), nil
	}
	message := "Prometheus answers queries"
	verbose := ""
	if d.config.Exporter.URL != "" {
		if err := d.config.Exporter.ready(ctx); err != nil {
			message += "; the exporter does not answer, so nothing it knows can be shown"
			verbose = fmt.Sprintf("The exporter at %s: %v. Check its URL, and that the process andon serve runs. Deviations are computed without it.",
				d.config.Exporter.redacted(), err)
		} else {
			message += ", the exporter is ready"
		}
	}
	return &backend.CheckHealthResult{Status: backend.HealthStatusOk, Message: message, JSONDetails: details(verbose)}, nil
}

func (d *Datasource) checkPrometheus(ctx context.Context) error {
	p, err := d.config.prometheus(nil)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	return p.Check(ctx)
}

// unwell makes the result of a check that failed: one line, and what to do.
func unwell(message, verbose string) *backend.CheckHealthResult {
	return &backend.CheckHealthResult{Status: backend.HealthStatusError, Message: message, JSONDetails: details(verbose)}
}

// details is the form in which Grafana takes the long text.
func details(verbose string) []byte {
	if verbose == "" {
		return nil
	}
	b, err := json.Marshal(map[string]string{"verboseMessage": verbose})
	if err != nil {
		return nil
	}
	return b
}

// explain says in one line what came back, and in a sentence what to do.
func explain(err error) (said, hint string) {
	var e *source.Error
	if !errors.As(err, &e) {
		return err.Error(), "This is a fault of the data source; please report it with the text below."
	}
	status := ""
	if e.Status != 0 {
		status = fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status))
	}
	switch {
	case e.Status == http.StatusUnauthorized:
		return status + ", it wants to know who asks", "Set user and password, or a header Authorization with a token, under Authentication."
	case e.Status == http.StatusForbidden:
		return status + ", these credentials may not query", "Use credentials that are allowed to query. A server with tenants (Mimir, Cortex) also wants the header X-Scope-OrgID."
	case e.Status == http.StatusNotFound:
		return status + ", there is no Prometheus API under this URL",
			"The URL is the one before /api/v1. Mimir and Cortex serve under /prometheus, VictoriaMetrics' cluster under /select/0/prometheus."
	case e.Status == http.StatusTooManyRequests:
		return status + ", it is asked too often", "Raise the limits of the server, or refresh dashboards less often."
	case e.Status >= http.StatusInternalServerError:
		return status + ", the server, or a proxy before it, is in trouble", "See the log of the server. 502, 503 and 504 often come from a proxy that cannot reach it."
	}
	switch e.Kind {
	case source.Timeout:
		return "no answer in time", "Check the URL and the network between Grafana's server and Prometheus: a firewall that drops packets looks like this."
	case source.Canceled:
		return "the check was cancelled", "Try again."
	case source.Unreachable:
		return "no connection: " + reason(e), "Check host and port. The connection is made by Grafana's server, not by the browser: localhost is the machine, or the container, that Grafana runs in."
	case source.NotSource:
		if status != "" {
			status += ", "
		}
		return status + "but this is not the API of Prometheus", "Check the URL. A login page of a proxy before Prometheus looks like this, too."
	}
	return e.Error(), "Check the URL and the credentials."
}

// reason is the cause of an Error, without what was asked.
func reason(e *source.Error) string {
	if e.Err == nil {
		return string(e.Kind)
	}
	return e.Err.Error()
}

// ready asks whether the exporter is ready.
func (u upstream) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.URL+"/-/ready", nil)
	if err != nil {
		return errors.New("the URL cannot be parsed")
	}
	resp, err := u.Client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	// A body read to its end lets the connection be used again.
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16))
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	}
	return nil
}
