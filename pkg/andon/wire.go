package andon

import (
	"time"
)

// What the exporter says and takes over HTTP, in JSON. These types hold what
// the exporter's own hold, field by field and tag by tag, and have no methods:
// whatever is shown of them is added where it is shown.

// A ServiceInfo is one service of GET /api/v1/services: what the
// exporter's configuration says of it.
type ServiceInfo struct {
	Service
	Judged []string `json:"judged"`         // names of the signals that verdicts are made of
	Tool   string   `json:"tool,omitempty"` // what halts its rollouts; empty if nothing does
}

// A RolloutRecord is one rollout of GET /api/v1/verdicts, with its newest
// verdict and its halt.
type RolloutRecord struct {
	Rollout  Rollout     `json:"rollout"` // with the cohorts that it is judged by
	Layer    Layer       `json:"layer,omitempty"`
	UnderWay bool        `json:"under_way"`
	Verdict  *Verdict    `json:"verdict"` // the newest, without its findings; nil if it was never judged
	Halt     *HaltStatus `json:"halt"`    // nil if none was asked for
}

// A HaltStatus says how far a halt has come.
type HaltStatus struct {
	State string    `json:"state"` // asked, answered or failed
	Tool  string    `json:"tool"`
	Says  string    `json:"says"` // what the tool answered
	At    time.Time `json:"at"`   // when it was asked for
}

// PriorKnowledge is the answer of GET /api/v1/rollouts/{id}/learnt: what the
// judge knows for a rollout beside its samples.
type PriorKnowledge struct {
	Startups     []float64     `json:"startup_seconds"` // of earlier rollouts of the service
	Lessons      []Lesson      `json:"lessons"`         // that earlier rollouts of the service taught
	Dependencies *Dependencies `json:"dependencies"`    // nil unless queries tell who calls whom
}

// A ServiceMemory is the answer of GET /api/v1/memory: what the exporter
// remembers of the log clusters and crash signatures of a service.
type ServiceMemory struct {
	Service string        `json:"service"`
	Starts  int           `json:"starts"` // rollouts whose start-up lines are in the catalogue
	Groups  []MemoryEntry `json:"groups"`
}

// A MemoryEntry is one log cluster or crash signature of a ServiceMemory.
type MemoryEntry struct {
	ID       string     `json:"id"`
	Template string     `json:"template,omitempty"` // of a cluster
	Seen     *time.Time `json:"seen"`               // first; nil if it is not in the catalogue
	Risk     Risk       `json:"risk,omitempty"`     // what people last said of it
	Resolved string     `json:"resolved,omitempty"` // the release that no longer shows it
}

// Feedback is what a person says of a log cluster or a crash signature, in
// POST /api/v1/feedback and /api/v1/feedback/undo.
type Feedback struct {
	Service  string    `json:"service"`
	ID       string    `json:"id"`                 // of the cluster or the signature
	Template string    `json:"template,omitempty"` // of a cluster, so that it is known again when it becomes more general
	Title    string    `json:"title,omitempty"`    // of a signature, for people
	Risk     Risk      `json:"risk,omitempty"`
	By       string    `json:"by,omitempty"`   // login of the person
	Note     string    `json:"note,omitempty"` // why
	At       time.Time `json:"at,omitzero"`    // the exporter sets it
}
