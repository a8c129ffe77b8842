package andon

import (
	"encoding/json"
	"math"
	"time"
)

// A Decision is the answer to "did this rollout make its service worse?".
type Decision string

// The decisions.
const (
	Pass         Decision = "pass"
	Fail         Decision = "fail"
	Inconclusive Decision = "inconclusive" // the reason is in Verdict.Reason; no data is never a pass
)

// A Verdict is what is known of a rollout at one time, with all that a person
// needs to believe it.
type Verdict struct {
	Case    string    `json:"case,omitempty"` // the replayed case; empty when live
	Rollout string    `json:"rollout"`
	Service string    `json:"service"`
	At      time.Time `json:"at"`

	Verdict   Decision   `json:"verdict"`
	Score     Number     `json:"score"`    // probability of a regression, by the prior, the evidence and labels
	Evidence  Number     `json:"evidence"` // e-value, latched at its highest
	Blame     Number     `json:"blame"`    // share among overlapping rollouts
	FirstFail *time.Time `json:"first_fail"`

	// Weight is the weight of evidence: the natural logarithm of how much what
	// is known raises the odds of a regression. Unknown if the rollout failed
	// without evidence. Calibration says what Score rests on.
	Weight      Number `json:"weight_of_evidence"`
	Calibration string `json:"calibration"`

	// Set holds the IDs, sorted, of the rollouts of which one made the service
	// worse, where it cannot be told which (Quality Ambiguous); this rollout's
	// among them.
	Set []string `json:"set,omitempty"`

	Strategy Strategy  `json:"strategy"`        // the one that was taken
	Basis    string    `json:"basis,omitempty"` // what was compared with what, and why; for people
	Quality  Quality   `json:"quality"`
	Reason   string    `json:"reason"` // one sentence for people
	Findings []Finding `json:"findings"`

	// Dependencies are the services that this one calls, and where that is
	// known from, where queries tell who calls whom (Underway.Dependencies): a rollout of
	// one of them may be what made this one look bad.
	Dependencies *Dependencies `json:"dependencies,omitempty"`

	// Stages are what each stage that began showed, Scopes what each place did;
	// the latter of services that name labels for it (Service.Scope).
	Stages []StageVerdict `json:"stages,omitempty"`
	Scopes []ScopeVerdict `json:"scopes,omitempty"`
}

// A StageVerdict is what one stage of a rollout showed.
type StageVerdict struct {
	Stage    int        `json:"stage"`    // counted from 1
	From     time.Time  `json:"from"`     // when it was complete; of the first, when the rollout started
	To       *time.Time `json:"to"`       // when the next one was complete, or the rollout ended; null while it lasts
	Verdict  Decision   `json:"verdict"`  // on the rollout at its end, or now
	Evidence Number     `json:"evidence"` // by what factor it multiplied the rollout's evidence
	Reason   string     `json:"reason"`   // of that verdict
}

// A ScopeVerdict is what a rollout showed in one place: the nodes there,
// compared with each other alone.
type ScopeVerdict struct {
	Label    string   `json:"label"` // of Service.Scope
	Value    string   `json:"value"` // empty if nothing could be told by the label; Reason says why
	Verdict  Decision `json:"verdict"`
	Evidence Number   `json:"evidence"` // e-value, latched at its highest
	Reason   string   `json:"reason"`
}

// A Finding is what one signal showed.
type Finding struct {
	Signal string `json:"signal"`
	Kind   string `json:"kind"`           // metric, logs, crashes, presence, preflight
	Node   string `json:"node,omitempty"` // the candidate node that strays furthest

	Deviation Number     `json:"deviation"`        // standard deviations of control; positive is worse
	Effect    Number     `json:"effect"`           // candidate less control, in the signal's unit
	Evidence  Number     `json:"evidence"`         // e-value now
	Weight    Number     `json:"weight"`           // its share of the rollout's evidence
	Onset     *time.Time `json:"onset"`            // when it began, null if it did not
	Smallest  Number     `json:"smallest"`         // smallest effect that would have been seen by now
	Unseen    string     `json:"unseen,omitempty"` // why Smallest is not known; for people
	Critical  bool       `json:"critical,omitempty"`
	Blamed    bool       `json:"blamed"` // it was among the signals to blame when the rollout failed
	Quality   Quality    `json:"quality"`
	Candidate int        `json:"candidate_samples"`
	Control   int        `json:"control_samples"`
	Query     string     `json:"query"` // as asked for the candidate
	Against   string     `json:"against,omitempty"`
	Reason    string     `json:"reason"`

	// Of logs and crashes: how many groups there are of each class, and the
	// worst of them.
	Classes    map[Class]int    `json:"classes,omitempty"`
	Clusters   []LogCluster     `json:"clusters,omitempty"`
	Signatures []CrashSignature `json:"signatures,omitempty"`
	Notices    []string         `json:"notices,omitempty"`
}

// A Quality says whether the data allow a judgment, and if not, why.
type Quality string

// The qualities.
const (
	OK              Quality = "ok"
	NoCandidateData Quality = "no_candidate_data"
	NoControlData   Quality = "no_control_data"
	NoSeries        Quality = "no_series" // neither cohort: a configuration error
	LowExposure     Quality = "low_exposure"
	Stale           Quality = "stale"
	SourceError     Quality = "source_error"
	Ambiguous       Quality = "ambiguous" // of a Verdict: one of its Set did it
)

// A Number is a float64 whose unknown value, NaN, is null on the wire. An
// infinity, which JSON cannot hold, is written as the largest float64 of its
// sign.
type Number float64

// Unknown is the Number that is not known.
var Unknown = Number(math.NaN())

// Known reports whether n is a value.
func (n Number) Known() bool { return !math.IsNaN(float64(n)) }

// MarshalJSON implements json.Marshaler.
func (n Number) MarshalJSON() ([]byte, error) {
	f := float64(n)
	switch {
	case math.IsNaN(f):
		return []byte("null"), nil
	case math.IsInf(f, 0):
		return json.Marshal(math.Copysign(math.MaxFloat64, f))
	}
	return json.Marshal(f)
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *Number) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*n = Unknown
		return nil
	}
	return json.Unmarshal(b, (*float64)(n))
}
