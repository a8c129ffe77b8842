package exporter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/sync/errgroup"

	"github.com/andon-project/andon/pkg/delivery"
)

const (
	maxNotification  = 512 << 10 // bytes of a body
	maxAlerts        = 1000      // in one
	maxText          = 512       // bytes that are kept of a text
	maxParallelHalts = 16        // of one notification
)

// A message is what Alertmanager's webhook sends, version 4, or Grafana's own
// alerting, which holds the same fields and more and calls itself version 1.
// Only what is read of it is here.
type message struct {
	Version         string  `json:"version"`
	Receiver        string  `json:"receiver"`
	Alerts          []alert `json:"alerts"`
	TruncatedAlerts uint64  `json:"truncatedAlerts"`
}

// An alert is one of a message.
type alert struct {
	Status      string            `json:"status"` // firing or resolved
	Labels      map[string]string `json:"labels"`
	StartsAt    time.Time         `json:"startsAt"`
	Fingerprint string            `json:"fingerprint"`
}

// An alertResult is the answer to one alert of a notification. Alertmanager tries
// again on status 503 and on no other.
type alertResult struct {
	Fingerprint string `json:"fingerprint,omitempty"`
	Rollout     string `json:"rollout,omitempty"`
	Status      int    `json:"status"`
	Result      string `json:"result"` // halted, held, observed, refused, resolved, retry, failed, invalid
	Duplicate   bool   `json:"duplicate,omitempty"`
	Text        string `json:"says"`
}

// retryLater returns that the alert must be sent again, since Andon cannot decide
// about it now.
func retryLater(format string, args ...any) alertResult {
	return alertResult{Status: http.StatusServiceUnavailable, Result: "retry", Text: fmt.Sprintf(format, args...)}
}

// parseMessage reads the body of a notification.
func parseMessage(body []byte) (*message, error) {
	var m message
	if err := json.Unmarshal(body, &m); err != nil {
		return nil, fmt.Errorf("the body is not an Alertmanager notification: %w", jsonWords(err))
	}
	switch {
	case m.Version != "" && m.Version != "4" && m.Version != "1":
		return nil, fmt.Errorf("the notification has version %.20q; expected 4, of Alertmanager, or 1, of Grafana", m.Version)
	case len(m.Alerts) == 0:
		return nil, errors.New("the notification has no alerts")
	case len(m.Alerts) > maxAlerts:
		return nil, fmt.Errorf("the notification has %d alerts, and the maximum is %d; set max_alerts on the receiver", len(m.Alerts), maxAlerts)
	}
	return &m, nil
}

// notificationOf returns the notification of an alert, or its problem.
func notificationOf(a alert, receiver string) (notification, error) {
	n := notification{
		Fingerprint: a.Fingerprint, StartsAt: a.StartsAt, Status: a.Status,
		Alert: short(a.Labels["alertname"]), Rollout: a.Labels["rollout"], Receiver: short(receiver),
	}
	switch {
	case n.Rollout == "":
		return n, errors.New(`the alert has no label "rollout"; keep that label in the rule's expression`)
	case !rolloutID.MatchString(n.Rollout):
		return n, fmt.Errorf("the alert's label rollout is %.100q, which is not a rollout id", n.Rollout)
	case n.Status != "firing" && n.Status != "resolved":
		return n, fmt.Errorf("the alert's status is %.20q; expected firing or resolved", n.Status)
	case n.Fingerprint == "" || len(n.Fingerprint) > 100:
		return n, errors.New("the alert has no valid fingerprint, by which Andon recognises repetitions")
	case n.StartsAt.IsZero():
		return n, errors.New("the alert has no startsAt, by which Andon recognises repetitions")
	}
	return n, nil
}

func short(s string) string {
	if len(s) > maxText {
		return s[:maxText]
	}
	return s
}

// An alertAPI accepts notifications of Alertmanager and of Grafana.
type alertAPI struct {
	rollouts *rollouts
	receive  func(context.Context, notification) alertResult // decides about one alert
	counts   *metrics
	now      func() time.Time
	log      hclog.Logger
}

// postAlerts accepts a notification. Its status is 503 if any alert must be sent
// again, else 200 if any was accepted, else that of the first.
func (a alertAPI) postAlerts(w http.ResponseWriter, r *http.Request) {
	body, ok := readBody(w, r, maxNotification)
	if !ok {
		a.counts.invalid.Inc()
		return
	}
	m, err := parseMessage(body)
	if err != nil {
		a.counts.invalid.Inc()
		refuse(w, http.StatusBadRequest, err.Error(), "use webhook_configs of Alertmanager or a webhook contact point of Grafana")
		return
	}
	a.counts.notifications.Inc()
	if m.TruncatedAlerts > 0 {
		a.log.Warn("Alertmanager left alerts out of a notification", "receiver", short(m.Receiver), "left_out", m.TruncatedAlerts)
	}
	results := make([]alertResult, len(m.Alerts))
	var g errgroup.Group // a slow tool of one rollout must not delay the next one
	g.SetLimit(maxParallelHalts)
	for i, alert := range m.Alerts {
		g.Go(func() error {
			results[i] = a.accept(r, alert, m.Receiver)
			return nil
		})
	}
	g.Wait() // errors are in the results
	statuses := make([]int, len(results))
	for i, o := range results {
		statuses[i] = o.Status
	}
	status := statuses[0]
	for _, s := range []int{http.StatusOK, http.StatusServiceUnavailable} { // the later wins
		if slices.Contains(statuses, s) {
			status = s
		}
	}
	answer(w, status, struct {
		Results []alertResult `json:"results"`
	}{results})
}

// accept handles one alert of a notification.
func (a alertAPI) accept(r *http.Request, alert alert, receiver string) alertResult {
	n, err := notificationOf(alert, receiver)
	if err != nil {
		a.counts.invalid.Inc()
		return alertResult{Fingerprint: short(alert.Fingerprint), Status: http.StatusBadRequest, Result: "invalid", Text: err.Error()}
	}
	var o alertResult
	action, labelled := alert.Labels["action"]
	n.Action = delivery.Action(action)
	switch {
	case labelled && n.Action != delivery.ActionHalt && n.Action != delivery.ActionHold:
		o = alertResult{Status: http.StatusOK, Result: "refused", Text: fmt.Sprintf("the alert's action is %.40q; expected halt or hold, so route only action=~\"halt|hold\" here", action)}
	default:
		if _, known := a.rollouts.board().Get(n.Rollout, a.now()); !known {
			a.counts.invalid.Inc()
			o = alertResult{Status: http.StatusNotFound, Result: "invalid", Text: "no rollout with this id was announced"}
			break
		}
		o = a.receive(r.Context(), n)
	}
	o.Fingerprint, o.Rollout = n.Fingerprint, n.Rollout
	return o
}
