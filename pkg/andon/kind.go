package andon

// A Kind says how a signal is compared.
type Kind string

// The kinds.
const (
	Counts   Kind = "counts"   // events out of an exposure (per:), or a second of a node's time
	Crashes  Kind = "crashes"  // events by the time that nodes run, of which any increase counts
	Failures Kind = "failures" // a ratio of successes or failures whose exposure is unknown
	Latency  Kind = "latency"  // continuous, on a log scale
	Resource Kind = "resource" // CPU and other saturation, on a log scale
	Memory   Kind = "memory"   // shown, not counted: a young process is never comparable with an old one
	Value    Kind = "value"    // continuous, as it is
	Jitter   Kind = "jitter"   // how far consecutive samples of a continuous signal lie apart, whatever its level
)

// A Scale is the scale on which the values of two nodes are compared.
type Scale int

// The scales.
const (
	LinearScale Scale = iota // as it is; the margin is a share of control's level
	LogScale                 // ln v: a change is a ratio
	ShareScale               // arcsin √v, whose scatter hardly depends on v
)

// traits are all that tells one kind from another beside its law of evidence.
type traits struct {
	kind   Kind
	about  string  // for people who choose one
	family string  // of signals that share a weight
	weight float64 // of that family
	margin float64 // smallest change that counts, as a ratio, where the signal sets none
	scale  Scale
}

// kinds holds the traits of every kind. A new kind is a constant above and a line
// here, and a line of the laws of evidence.
var kinds = []traits{
	{Counts, `Events out of a total, such as errors out of requests: needs "Out of"`, "failures", .25, .2, ShareScale},
	{Crashes, `Events per running time, such as restarts`, "crashes", .40, 0, ShareScale},
	{Failures, `A share of failures or successes`, "failures", .25, .2, ShareScale},
	{Latency, `Durations, on a log scale`, "latency", .15, .5, LogScale},
	{Resource, `CPU and other load, on a log scale`, "resource", .10, .05, LogScale},
	{Memory, `Shown, but not judged`, "memory", 0, .05, LogScale},
	{Value, `A plain number`, "value", .10, .05, LinearScale},
	{Jitter, `How far consecutive samples lie apart, whatever their level`, "jitter", .10, .5, LinearScale},
}

// Kinds lists the kinds.
var Kinds = func() []Kind {
	out := make([]Kind, len(kinds))
	for i, t := range kinds {
		out[i] = t.kind
	}
	return out
}()

// traits returns those of k; an unknown kind is treated like Value, in a
// family of its own.
func (k Kind) traits() traits {
	for _, t := range kinds {
		if t.kind == k {
			return t
		}
	}
	return traits{kind: k, family: string(k), weight: .10, margin: .05}
}

// Scale returns the scale on which signals of the kind are compared.
func (k Kind) Scale() Scale { return k.traits().scale }

// About describes the kind in a few words, for people who choose one.
func (k Kind) About() string { return k.traits().about }
