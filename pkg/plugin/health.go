package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/andon-project/andon/pkg/source"
)

// healthTimeout is how long a health check waits for one answer: a person is
// looking at a button.
const healthTimeout = 10 * time.Second

// health checks everything that a data source asks.
type health struct{ sources sources }

// A healthCheck says how one upstream is checked, and what is shown of that.
type healthCheck struct {
	upstream
	ask       func(context.Context) error
	okMessage string // shown if it answers
	service   string // what should answer, for who has another there
	urlHint   string // where in its server that is
	missing   string // what is missing without it; empty if nothing works then
}

// checks returns those of all upstreams that are set, and of Prometheus in any
// case, which comes first.
func (h health) checks() []healthCheck {
	all := []healthCheck{h.prometheus(), h.loki(), h.exporter()}
	return slices.DeleteFunc(all, func(c healthCheck) bool { return c.missing != "" && c.URL == "" })
}

func (h health) prometheus() healthCheck {
	ask := func(ctx context.Context) error {
		p, err := h.sources.prometheus(nil)
		if err != nil {
			return err
		}
		return p.Check(ctx)
	}
	return healthCheck{
		upstream:  h.sources.config.Prometheus,
		ask:       ask,
		okMessage: "Prometheus answers queries",
		service:   "the API of Prometheus",
		urlHint:   "The URL is the one before /api/v1. Mimir and Cortex serve under /prometheus, VictoriaMetrics' cluster under /select/0/prometheus.",
	}
}

func (h health) loki() healthCheck {
	u := h.sources.config.Loki
	ask := func(ctx context.Context) error {
		return u.call(ctx, http.MethodGet, "/loki/api/v1/query?query=vector(1)%2Bvector(1)", nil, nil)
	}
	return healthCheck{
		upstream:  u,
		ask:       ask,
		okMessage: "Loki answers queries",
		service:   "the API of Loki",
		urlHint:   "The URL is the one before /loki/api/v1.",
		missing:   "log clusters and crashes cannot be shown",
	}
}

func (h health) exporter() healthCheck {
	return healthCheck{
		upstream:  h.sources.config.Exporter,
		ask:       h.sources.exporter().ready,
		okMessage: "the exporter is ready",
		service:   "andon serve",
		urlHint:   "The URL is that of andon serve, by default http://localhost:9415. Check that the process runs.",
		missing:   "rollouts and what people said of log clusters cannot be shown",
	}
}

// check asks every upstream that is set, all at once. It fails if Prometheus
// does; what the others answer is a note.
func (h health) check(ctx context.Context) *backend.CheckHealthResult {
	all := h.checks()
	errs := make([]error, len(all))
	var wait sync.WaitGroup
	for i, c := range all {
		wait.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, healthTimeout)
			defer cancel()
			errs[i] = c.ask(ctx)
		})
	}
	wait.Wait()
	if errors.Is(errs[0], errNoURL) {
		return unhealthy(errNoURL.Error(), "The URL is on the data source's settings page, under Connection.")
	}
	result := &backend.CheckHealthResult{Status: backend.HealthStatusOk}
	var messages, verbose []string
	for i, c := range all {
		if errs[i] == nil {
			messages = append(messages, c.okMessage)
			continue
		}
		problem, hint := c.explain(errs[i])
		text := fmt.Sprintf("%s at %s: %s", c.Name, c.redacted(), problem)
		verbose = append(verbose, hint+"\n\n"+errs[i].Error())
		if c.missing == "" {
			result.Status = backend.HealthStatusError
		} else {
			text += ", so that " + c.missing
		}
		messages = append(messages, text)
	}
	result.Message = strings.Join(messages, "; ")
	result.JSONDetails = details(strings.Join(verbose, "\n\n"))
	return result
}

// unhealthy makes the result of a check that failed: one line, and what to do.
func unhealthy(message, verbose string) *backend.CheckHealthResult {
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
func (c healthCheck) explain(err error) (problem, hint string) {
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
		return status + ", these credentials may not query", "Use credentials that are allowed to query. A server with tenants (Mimir, Cortex, Loki) also wants the header X-Scope-OrgID."
	case e.Status == http.StatusNotFound:
		return status + ", " + c.service + " is not under this URL", c.urlHint
	case e.Status == http.StatusTooManyRequests:
		return status + ", it is asked too often", "Raise the limits of the server, or refresh dashboards less often."
	case e.Status >= http.StatusInternalServerError:
		return status + ", the server, or a proxy before it, is in trouble", "See the log of the server. 502, 503 and 504 often come from a proxy that cannot reach it."
	}
	switch e.Kind {
	case source.Timeout:
		return "no answer in time", "Check the URL and the network between Grafana's server and " + c.Name + ": a firewall that drops packets looks like this."
	case source.Canceled:
		return "the check was cancelled", "Try again."
	case source.Unreachable:
		return "no connection: " + reason(e), "Check host and port. The connection is made by Grafana's server, not by the browser: localhost is the machine, or the container, that Grafana runs in."
	case source.NotSource:
		if status != "" {
			status += ", "
		}
		return status + "but this is not " + c.service, "Check the URL. A login page of a proxy before it looks like this, too."
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
