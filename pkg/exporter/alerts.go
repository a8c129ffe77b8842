package exporter

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/prometheus/alertmanager/template"
	"golang.org/x/sync/errgroup"

	"github.com/andon-project/andon/pkg/delivery"
)

const (
	maxNotification = 512 << 10 // bytes of a body
	maxAlerts       = 1000      // in one
	maxText         = 512       // bytes of what is kept of a text
	haltsAtOnce     = 16        // of one notification
)

// A message is what Alertmanager's webhook sends, version 4, or Grafana's own
// alerting, which holds the same fields and more and calls itself version 1.
type message struct {
	template.Data
	Version         string `json:"version"`
	GroupKey        string `json:"groupKey"`
	TruncatedAlerts uint64 `json:"truncatedAlerts"`
}

// parseMessage reads the body of a notification.
func parseMessage(body []byte) (*message, error) {
	var m message
	if err := json.Unmarshal(body, &m); err != nil {
		return nil, fmt.Errorf("the body is not a notification of Alertmanager: %w", jsonWords(err))
	}
	switch {
	case m.Version != "" && m.Version != "4" && m.Version != "1":
		return nil, fmt.Errorf("the notification has version %.20q; only Alertmanager's 4 and Grafana's 1 are known", m.Version)
	case len(m.Alerts) == 0:
		return nil, errors.New("the notification holds no alerts")
	case len(m.Alerts) > maxAlerts:
		return nil, fmt.Errorf("the notification holds %d alerts; %d are the most: set max_alerts at the receiver", len(m.Alerts), maxAlerts)
	}
	return &m, nil
}

// notificationOf returns what counts of an alert, or what is wrong with it.
func notificationOf(a template.Alert, receiver string) (notification, error) {
	n := notification{
		Fingerprint: a.Fingerprint, StartsAt: a.StartsAt, Status: a.Status,
		Alert: short(a.Labels["alertname"]), Rollout: a.Labels["rollout"], Receiver: short(receiver),
	}
	switch {
	case n.Rollout == "":
		return n, errors.New(`the alert has no label "rollout", so what should be halted? keep that label in the rule's expression`)
	case !rolloutID.MatchString(n.Rollout):
		return n, fmt.Errorf("the label rollout, %.100q, is not the id of a rollout", n.Rollout)
	case n.Status != "firing" && n.Status != "resolved":
		return n, fmt.Errorf("the alert's status is %.20q, neither firing nor resolved", n.Status)
	case n.Fingerprint == "" || len(n.Fingerprint) > 100:
		return n, errors.New("the alert has no fingerprint by which repetitions could be told")
	case n.StartsAt.IsZero():
		return n, errors.New("the alert has no startsAt by which repetitions could be told")
	}
	return n, nil
}

func short(s string) string {
	if len(s) > maxText {
		return s[:maxText]
	}
	return s
}

// postAlerts takes in a notification. Its status is 503 if any alert is to be
// told again, else 200 if any was taken, else that of the first.
func (e *Exporter) postAlerts(w http.ResponseWriter, r *http.Request) {
	body, ok := e.body(w, r, maxNotification)
	if !ok {
		e.metrics.invalid.Inc()
		return
	}
	m, err := parseMessage(body)
	if err != nil {
		e.metrics.invalid.Inc()
		refuse(w, http.StatusBadRequest, err.Error(), "send what Alertmanager's webhook_configs or a webhook contact point of Grafana sends")
		return
	}
	e.metrics.notifications.Inc()
	if m.TruncatedAlerts > 0 {
		e.log.Warn("notification was cut by Alertmanager", "receiver", short(m.Receiver), "missing", m.TruncatedAlerts)
	}
	outcomes := make([]outcome, len(m.Alerts))
	var g errgroup.Group // a tool that is slow for one rollout does not keep the next one waiting
	g.SetLimit(haltsAtOnce)
	for i, a := range m.Alerts {
		g.Go(func() error {
			outcomes[i] = e.alert(r, a, m.Receiver)
			return nil
		})
	}
	g.Wait() // what went wrong is in the outcomes
	statuses := make([]int, len(outcomes))
	for i, o := range outcomes {
		statuses[i] = o.Status
	}
	status := statuses[0]
	for _, s := range []int{http.StatusOK, http.StatusServiceUnavailable} { // the later wins
		if slices.Contains(statuses, s) {
			status = s
		}
	}
	answer(w, status, struct {
		Results []outcome `json:"results"`
	}{outcomes})
}

func (e *Exporter) alert(r *http.Request, a template.Alert, receiver string) outcome {
	n, err := notificationOf(a, receiver)
	if err != nil {
		e.metrics.invalid.Inc()
		return outcome{Fingerprint: short(a.Fingerprint), Status: http.StatusBadRequest, Result: "invalid", Says: err.Error()}
	}
	var o outcome
	action, labelled := a.Labels["action"]
	n.Action = delivery.Action(action)
	switch {
	case labelled && n.Action != delivery.HaltIt && n.Action != delivery.HoldIt:
		o = outcome{Status: http.StatusOK, Result: "refused", Says: fmt.Sprintf("the alert's action is %.40q, neither halt nor hold; route only action=~\"halt|hold\" here", action)}
	default:
		if _, known := e.board.Load().Get(n.Rollout, e.opt.Now()); !known {
			e.metrics.invalid.Inc()
			o = outcome{Status: http.StatusNotFound, Result: "invalid", Says: "no rollout of that id was announced"}
			break
		}
		o = e.receive(r.Context(), n)
	}
	o.Fingerprint, o.Rollout = n.Fingerprint, n.Rollout
	return o
}
