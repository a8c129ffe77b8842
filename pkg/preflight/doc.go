// Package preflight checks before any evidence whether a rollout can be judged:
// that the announced version runs, that all sources report, that the change goes
// no further than it may.
package preflight
