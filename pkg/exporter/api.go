package exporter

// endpoints lists all endpoints.
func (e *Exporter) endpoints() []endpoint {
	now, log := e.opt.Now, e.opt.Log
	admin := adminAPI{snapshots: e.snapshots, reload: e.Reload}
	rollouts := rolloutAPI{
		rollouts: e.rollouts, announcer: &announcer{settings: e.settings, rollouts: e.rollouts, now: now}, history: e.history, now: now,
	}
	verdicts := verdictAPI{
		settings: e.settings, rollouts: e.rollouts, baselines: e.baselines, history: e.history, halts: e.halts,
		lessons: e.lessons, calls: e.calls, now: now,
	}
	feedback := feedbackAPI{settings: e.settings, snapshots: e.snapshots, memory: e.memory, facts: e.facts, now: now, log: log}
	gate := gateAPI{settings: e.settings, rollouts: e.rollouts, snapshots: e.snapshots, now: now}
	label := labelAPI{rollouts: e.rollouts, history: e.history, labels: e.labels, facts: e.facts, now: now, log: log}
	alerts := alertAPI{rollouts: e.rollouts, receive: e.halter.receive, counts: e.metrics, now: now, log: log}
	pages := &pages{
		settings: e.settings, rollouts: e.rollouts, snapshots: e.snapshots, history: e.history, labels: e.labels, halts: e.halts,
		recall: e.memory.recall, now: now, log: log, drawing: make(chan struct{}, maxChartPages),
	}
	return []endpoint{
		{method: "GET", path: "/{$}", serve: pages.getIndex},
		{method: "GET", path: "/rollouts/{id}", serve: pages.getPage},
		{method: "GET", path: "/metrics", serve: e.metrics.handler().ServeHTTP},
		{method: "GET", path: "/-/healthy", serve: admin.getHealthy},
		{method: "GET", path: "/-/ready", serve: admin.getReady},
		{method: "POST", path: "/-/reload", changes: true, serve: admin.postReload},
		{method: "POST", path: "/api/v1/rollouts", changes: true, serve: rollouts.postRollout},
		{method: "GET", path: "/api/v1/rollouts", serve: rollouts.getRollouts},
		{method: "GET", path: "/api/v1/rollouts/{id}", serve: rollouts.getRollout},
		{method: "GET", path: "/api/v1/rollouts/{id}/verdict", serve: rollouts.getVerdict},
		{method: "GET", path: "/api/v1/rollouts/{id}/learnt", serve: verdicts.getLearnt},
		{method: "GET", path: "/api/v1/services", serve: verdicts.getServices},
		{method: "GET", path: "/api/v1/verdicts", serve: verdicts.getVerdicts},
		{method: "POST", path: "/api/v1/feedback", changes: true, serve: feedback.postFeedback},
		{method: "POST", path: "/api/v1/feedback/undo", changes: true, serve: feedback.undoFeedback},
		{method: "GET", path: "/api/v1/feedback", serve: feedback.getFeedback},
		{method: "GET", path: "/api/v1/memory", serve: feedback.getMemory},
		{method: "GET", path: "/api/v1/services/{service}/gate", serve: gate.getGate},
		{method: "POST", path: "/api/v1/services/{service}/gate", serve: gate.getGate},
		{method: "POST", path: "/api/v1/rollouts/{id}/label", changes: true, serve: label.postLabel},
		{method: "POST", path: "/api/v1/alerts", changes: true, serve: alerts.postAlerts},
	}
}
