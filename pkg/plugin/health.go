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

// healthTimeout is how long a health check waits for one answer, while a person
// looks at the button.
const healthTimeout = 10 * time.Second

// health checks the upstreams of a data source.
type health struct{ sources sources }

// A healthCheck is how one upstream is checked and what people are told.
type healthCheck struct {
	upstream
	ask       func(context.Context) error
	okMessage string // shown if it answers
	service   string // what should answer at its URL
	urlHint   string // what its URL looks like
	missing   string // what does not work without it; empty if nothing works
}

// checks returns the checks of all upstreams with a URL. Prometheus is always
// there and comes first.
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
		urlHint:   "Leave out /api/v1 and what follows. Mimir and Cortex serve under /prometheus, VictoriaMetrics' cluster under /select/0/prometheus.",
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
		urlHint:   "Leave out /loki/api/v1 and what follows.",
		missing:   "log clusters and crashes do not work",
	}
}

func (h health) exporter() healthCheck {
	return healthCheck{
		upstream:  h.sources.config.Exporter,
		ask:       h.sources.exporter().ready,
		okMessage: "the exporter is ready",
		service:   "andon serve",
		urlHint:   "Enter the URL of andon serve, by default http://localhost:9415. Check that it runs.",
		missing:   "rollouts and feedback do not work",
	}
}

// check asks all upstreams with a URL at the same time. It fails only if
// Prometheus does not answer.
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
			text += ", so " + c.missing
		}
		messages = append(messages, text)
	}
	result.Message = strings.Join(messages, "; ")
	result.JSONDetails = details(strings.Join(verbose, "\n\n"))
	return result
}

// unhealthy makes the result of a failed check: one line, and what to do.
func unhealthy(message, verbose string) *backend.CheckHealthResult {
	return &backend.CheckHealthResult{Status: backend.HealthStatusError, Message: message, JSONDetails: details(verbose)}
}

// details puts the long text into the form that Grafana expects.
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
		return err.Error(), "This is a bug in the data source. Please report it with the text below."
	}
	status := ""
	if e.Status != 0 {
		status = fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status))
	}
	switch {
	case e.Status == http.StatusUnauthorized:
		return status + ", the login is missing or wrong", "Set user and password, or an Authorization header with a token, under Authentication."
	case e.Status == http.StatusForbidden:
		return status + ", this login may not query", "Use a login that may query. A server with tenants (Mimir, Cortex, Loki) also needs the header X-Scope-OrgID."
	case e.Status == http.StatusNotFound:
		return status + ", " + c.service + " is not at this URL", c.urlHint
	case e.Status == http.StatusTooManyRequests:
		return status + ", the server is asked too often", "Raise the server's rate limits, or refresh dashboards less often."
	case e.Status >= http.StatusInternalServerError:
		return status + ", the server or a proxy in front of it fails", "See the server's log. 502, 503 and 504 often come from a proxy that cannot reach the server."
	}
	switch e.Kind {
	case source.Timeout:
		return "no answer in time", "Check the URL and the network between Grafana's server and " + c.Name + ". A firewall that drops packets looks like this."
	case source.Canceled:
		return "the check was cancelled", "Try again."
	case source.Unreachable:
		return "no connection: " + reason(e), "Check host and port. The connection is made by Grafana's server, not by the browser: localhost is the machine, or the container, that Grafana runs in."
	case source.NotSource:
		if status != "" {
			status += ", "
		}
		return status + "but this is not " + c.service, "Check the URL. The login page of a proxy looks like this, too."
	default:
		return e.Error(), "Check the URL and the credentials."
	}
}

// reason returns the cause of an Error, without URL and query.
func reason(e *source.Error) string {
	if e.Err == nil {
		return string(e.Kind)
	}
	return e.Err.Error()
}
