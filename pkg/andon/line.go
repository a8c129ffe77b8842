package andon

import (
	"context"
	"iter"
	"strings"
	"time"
)

// A Line is one log line.
type Line struct {
	At     time.Time         `json:"at"`
	Labels map[string]string `json:"labels,omitempty"` // of its stream, with structured metadata and what the query's parsers added
	Text   string            `json:"text"`
}

// A LinesFunc yields the log lines that a LogQL query selects, oldest first.
// Both ends of the range are included; its Step means nothing. An error ends
// the sequence. Whoever stops early has not had the rest fetched.
type LinesFunc func(ctx context.Context, expr string, r Range) iter.Seq2[Line, error]

// A Class says how a cluster of log lines, or a crash signature, stands to
// control.
type Class string

// The classes, the worst first.
const (
	// ClassUnknown: candidate shows it, control does not and never did, as far
	// as the range and the catalogue tell.
	ClassUnknown Class = "unknown"
	// ClassUnexpectedFrequency: control shows it too, and candidate more often
	// than chance allows.
	ClassUnexpectedFrequency Class = "unexpected_frequency"
	// ClassKnown: both show it, or control does and too little was seen of
	// candidate to miss it there.
	ClassKnown Class = "known"
	// ClassGone: control shows it, and candidate would have by now.
	ClassGone Class = "gone"
)

// Classes lists the classes in the order of their constants.
var Classes = []Class{ClassUnknown, ClassUnexpectedFrequency, ClassKnown, ClassGone}

// A Risk is what a person said of a cluster or of a crash signature.
type Risk string

// The risks. What they do is said with Sensitivity; the empty Risk says that
// nobody said anything.
const (
	HighRisk   Risk = "high"
	MediumRisk Risk = "medium"
	NoRisk     Risk = "none"
)

// A Tally counts the lines of one group on one side.
type Tally struct {
	Lines  float64 `json:"lines"`
	Events float64 `json:"events"` // lines without those that follow another of the same node and group within five bins
	Nodes  int     `json:"nodes"`  // that showed any

	// Time is for how long the side's nodes ran, added up, in seconds: the
	// exposure.
	Time float64 `json:"time"`

	FirstSeen *time.Time `json:"first_seen"` // null if never
	LastSeen  *time.Time `json:"last_seen"`

	// PerSecond holds the lines a second in each bin of the report's Times.
	PerSecond []float64 `json:"per_second,omitempty"`
}

// A NodeCount counts the lines of one group on one node.
type NodeCount struct {
	Node      string  `json:"node"`
	Version   string  `json:"version,omitempty"`
	Candidate bool    `json:"candidate"`
	Lines     float64 `json:"lines"`
	Events    float64 `json:"events"`
}

// A Group is what a cluster of log lines and a crash signature have in common:
// how often either side shows it, and what to think of that.
type Group struct {
	ID    string `json:"id"` // the same in every process and run
	Class Class  `json:"class"`

	Candidate Tally       `json:"candidate"`
	Control   Tally       `json:"control"`
	Nodes     []NodeCount `json:"nodes"` // by name, candidate first

	// Ratio is candidate's rate of lines over control's, by the time their
	// nodes ran, with its 95% interval (Clopper and Pearson's, of as many
	// independent events as the lines are worth by how they scatter). Null
	// where control shows none; RatioHigh may be infinite.
	Ratio     Number `json:"ratio"`
	RatioLow  Number `json:"ratio_low"`
	RatioHigh Number `json:"ratio_high"`

	Evidence Number `json:"evidence"` // e-value that candidate shows it more often
	Counted  bool   `json:"counted"`  // its evidence counts against the rollout
	Failing  bool   `json:"failing"`  // it fails the rollout by itself, by the sensitivity or a person's word

	FirstSeen time.Time  `json:"first_seen"` // on either side, as far back as the range and the catalogue reach
	LastSeen  time.Time  `json:"last_seen"`
	Catalogue *time.Time `json:"catalogue"` // when the service first showed it, if it is in the catalogue

	Risk      Risk   `json:"risk,omitempty"`
	Regressed string `json:"regressed,omitempty"` // the version that had resolved it, if one had

	Examples []Line `json:"examples"` // newest last; of candidate, if it shows any
	Query    string `json:"query"`    // LogQL that selects its lines on candidate, or on control if candidate shows none
	Reason   string `json:"reason"`   // one sentence for people
}

// A LogCluster is all lines that differ only in their variable parts.
type LogCluster struct {
	Group
	Template string `json:"template"` // variable parts as <*>
}

// A CrashSignature is all crashes with the same normalised stack.
type CrashSignature struct {
	Group
	Title     string   `json:"title"`   // for people
	Runtime   string   `json:"runtime"` // go, jvm, python, …
	Exception string   `json:"exception"`
	Message   string   `json:"message"`
	Frames    []string `json:"frames"` // normalised, innermost first
	Stack     string   `json:"stack"`  // of one crash, as it was logged
}

// A GroupReport is what there is to say of all groups of one signal together.
type GroupReport struct {
	Signal  string        `json:"signal"`
	Query   string        `json:"query"`             // as asked for candidate
	Against string        `json:"against,omitempty"` // and for control
	From    time.Time     `json:"from"`              // of candidate
	To      time.Time     `json:"to"`
	Times   []time.Time   `json:"times"` // ends of the bins that the tallies' PerSecond speak of
	Step    time.Duration `json:"step"`

	Candidate Tally `json:"candidate"` // all groups together
	Control   Tally `json:"control"`

	// Surprise is the share of control's events that would be of a group that
	// control never showed before: the number of groups with a single event
	// over the number of events (Good, Biometrika 40, 1953; Turing). Null
	// without control.
	Surprise Number `json:"surprise"`

	Evidence Number  `json:"evidence"` // of the signal, for the rollout
	Quality  Quality `json:"quality"`
	Reason   string  `json:"reason"`

	NotKept float64  `json:"not_kept"` // lines that could not be put into a group, for want of room
	Sampled bool     `json:"sampled"`  // there were more lines than the budget: groups were found in a sample
	Notices []string `json:"notices"`  // what people should know of the data
}

// A ClusterReport says how the log lines of candidate stand to control's.
type ClusterReport struct {
	GroupReport
	Clusters []LogCluster `json:"clusters"` // the worst first
}

// A CrashReport says how the crashes of candidate stand to control's.
type CrashReport struct {
	GroupReport
	Signatures []CrashSignature `json:"signatures"` // the worst first
}

// A Recollection is what is remembered of one service's clusters and crash
// signatures.
type Recollection struct {
	Groups map[string]Remembered // by ID of the cluster or the signature

	// Starts is how many start-ups of nodes went into it. While it is 0, what
	// fresh nodes say as they start cannot be compared with it.
	Starts int
}

// A Remembered is what is remembered of one cluster or signature.
type Remembered struct {
	Template string    // of a cluster, so that its lines are known again
	Seen     time.Time // when it was first seen where all was well; zero if it is not in the catalogue
	Risk     Risk      // what people said, if anything
	Resolved string    // the version that had resolved what is seen again; empty if none had
}

// A RecallFunc returns what is remembered of a service at a time, as it
// concerns a release of it; nil if nothing is. What was returned is never
// changed, and is the same pointer while nothing is new.
type RecallFunc func(service, release string, at time.Time) *Recollection

// A Pattern is what a source of logs found in lines by itself: their text, with
// <_> for what varies, and how many lines there were of it.
type Pattern struct {
	Text  string
	Lines float64
}

// A PatternsFunc returns the patterns that a source of logs found by itself in
// the streams of a LogQL query, nothing if it keeps none. The query's filters
// may not be respected.
type PatternsFunc func(ctx context.Context, expr string, r Range) ([]Pattern, error)

// Template returns the pattern as a template is written.
func (p Pattern) Template() string { return strings.ReplaceAll(p.Text, "<_>", "<*>") }
