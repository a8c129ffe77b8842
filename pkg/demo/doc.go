// Package demo is a small shop to try Andon on: two services of real HTTP
// servers under real load, a delivery tool that rolls new versions out node by
// node, and the faults that a new version may bring. It also runs all of it
// together with Prometheus, Alertmanager and the exporter in one process.
//
// What the nodes serve, how long they take, when they fail and when they crash
// is made up from fixed seeds; requests, scrapes, rules, notifications and the
// halt are real.
package demo
