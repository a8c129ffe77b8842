package deviation

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/stat"
)

// How many bins a deviation looks at.
const (
	PlaceboBins = 60                            // that tell how far control strays from itself
	DeviateBins = PlaceboBins + stat.Memory - 1 // that a deviation depends on
	MinOwnBins  = 10                            // before the change, for a node to be its own control
	maxSigma    = 100                           // further is not told apart
)

// A Deviation is how far one candidate node strays from control over time.
type Deviation struct {
	Node  string
	Times []time.Time
	Sigma []float64 // standard deviations of control, positive is worse; NaN where unknown

	// Value is the node's own value, Low and High the band of control
	// (its centre ± 2 standard deviations), all in the signal's unit.
	Value, Centre, Low, High []float64
}

// Deviate returns the deviation of every candidate node from control over r,
// nodes in order of name. Nodes without a sample in r are left out.
//
// With values on the scale g of the signal's kind (logarithm for latency and
// resources, arcsin √ for ratios, as they are otherwise):
//
//	d_i  = ±(g_i - mean of control in that bin)      median from nine control nodes on
//	p_j  = g_j - mean of the other control nodes in that bin
//	σ_i  = EWMA_3(d_i) / ( √((1+1/k)/(1+1/(k-1))) · 1.4826 median |EWMA_3(p)| )
//
// where the median runs over all control nodes and the last 60 bins, and the
// EWMA over the last 12 bins: how far control nodes stray from one another is
// the unit. The unit has a floor (2% of latency, resources and values, the
// scatter of a hundred trials for ratios) and σ is cut at ±100, so that it is
// always finite. A single control node is measured against its own last 60
// bins.
//
// Without selectors and Back a node's control is the node itself in the 60
// bins before Since, or all nodes then, if it has fewer than ten samples there.
//
// A value at a time depends on the comparison and on the samples of the bins
// up to it only, never on where r begins: a panel and a tick see the same
// number. Times are whole bins (Comparison.Step); if r.Step is wider it is
// rounded up to a whole number of them. The first time may therefore lie before
// r.Start by less than a step, and none lies after r.End.
//
// Sigma is positive for worse; if both directions are bad it is positive for
// higher.
func (a Source) Deviate(ctx context.Context, c andon.Comparison, r andon.Range) ([]Deviation, error) {
	if c.Signal.Metric == "" {
		return nil, fmt.Errorf("signal %s: has no metric to measure deviations of; set metric", c.Signal.Name)
	}
	if r.End.Before(r.Start) {
		return nil, fmt.Errorf("signal %s: the range ends at %s, before it starts at %s", c.Signal.Name, r.End.UTC().Format(time.RFC3339), r.Start.UTC().Format(time.RFC3339))
	}
	step := c.BinWidth()
	stride := max(1, int64((r.Step+step-1)/step))
	first, last := BinAt(r.Start, step), BinAt(r.End, step)
	first -= ((first % stride) + stride) % stride
	m, err := a.newScale(ctx, c)
	if err != nil {
		return nil, err
	}
	span := GridSpan{step, first - DeviateBins + 1, last}
	cand, ctrl, err := a.fetchBoth(ctx, m, span)
	if err != nil {
		return nil, err
	}
	return m.Series(cand, ctrl, Bins{first, last, stride}), nil
}

// Bins are the numbers of bins from first to last, every stride.
type Bins struct{ First, Last, Stride int64 }

// A Scale measures how far candidate nodes deviate from control.
type Scale struct {
	Spec               andon.Comparison
	Kind               andon.Kind
	Candidate, Control side
	Timed              bool
	Before             *Frame   // of the control if timed
	Bases              [2]Bases // of candidate and control, if relative
}

// newScale prepares to measure, with the samples before the change if they are the scale.
func (a Source) newScale(ctx context.Context, c andon.Comparison) (*Scale, error) {
	m, err := a.BareScale(c)
	if err != nil || !m.Timed && !c.Relative {
		return m, err
	}
	m.Before, err = a.Fetch(ctx, m.Control, m.BeforeSpan())
	if err != nil {
		return nil, fmt.Errorf("signal %s, control: %w", c.Signal.Name, err)
	}
	if c.Relative {
		cand, err := a.Fetch(ctx, m.Candidate, m.BeforeSpan())
		if err != nil {
			return nil, fmt.Errorf("signal %s, candidate: %w", c.Signal.Name, err)
		}
		m.Bases = [2]Bases{m.BasesOf(cand), m.BasesOf(m.Before)}
	}
	return m, nil
}

// BareScale is newScale without the samples before the change.
func (a Source) BareScale(c andon.Comparison) (*Scale, error) {
	m := &Scale{Spec: c, Kind: c.Signal.InferKind(), Timed: c.ByTime()}
	if c.Relative && c.Since.IsZero() {
		return nil, errors.New("nodes are compared with their own level before the change, but since is not set")
	}
	if m.Timed && c.Since.IsZero() {
		return nil, errors.New("nothing to compare with: candidate and control select the same nodes; select by labels, shift one with back, or set since")
	}
	var err error
	if m.Candidate, err = a.newSide(c, c.Candidate); err != nil {
		return nil, err
	}
	if m.Control, err = a.newSide(c, c.Control); err != nil {
		return nil, err
	}
	return m, nil
}

// BeforeSpan returns the bins before the change that a timed comparison takes
// for control.
func (m *Scale) BeforeSpan() GridSpan {
	since := BinFrom(m.Spec.Since, m.Spec.BinWidth())
	return GridSpan{m.Spec.BinWidth(), since - PlaceboBins, since - 1}
}

// Series returns the deviations of the nodes of cand in the bins of b. The
// frames hold DeviateBins-1 more before b.First.
func (m *Scale) Series(cand, ctrl *Frame, b Bins) []Deviation {
	var control reference = m.poolReference(ctrl)
	var out []Deviation
	for _, name := range cand.Nodes() {
		if m.Timed {
			control = m.ownReference(name)
		}
		if d := m.deviation(name, cand, control, b); slices.ContainsFunc(d.Value, Known) {
			out = append(out, d)
		}
	}
	return out
}

func (m *Scale) deviation(name string, cand *Frame, control reference, b Bins) Deviation {
	d := Deviation{Node: name}
	r := cand.Rows[name]
	sign, unit := m.Spec.Signal.Worse.Sign(), strings.ToLower(m.Spec.Signal.Unit)
	was, _ := m.Bases[0].Level(name)
	start := b.First - stat.Memory + 1
	moves := make([]float64, b.Last-start+1)
	for i := range moves {
		u := start + int64(i)
		moves[i] = Transform(m.Kind, unit, r.Values[u-cand.First]) - was - control.centre(u)
	}
	d.grow(int((b.Last-b.First)/b.Stride) + 1)
	for t := b.First; t <= b.Last; t += b.Stride {
		centre := control.centre(t) + was
		scale := max(control.scale(t), m.floor(centre))
		sigma := sign * stat.EWMA(moves[t-b.First:t-start+1]) / scale
		d.Times = append(d.Times, BinTime(t, m.Spec.BinWidth()))
		d.Sigma = append(d.Sigma, max(-maxSigma, min(maxSigma, sigma)))
		d.Value = append(d.Value, r.Values[t-cand.First])
		d.Centre = append(d.Centre, Inverse(m.Kind, unit, centre))
		d.Low = append(d.Low, Inverse(m.Kind, unit, centre-2*scale))
		d.High = append(d.High, Inverse(m.Kind, unit, centre+2*scale))
	}
	return d
}

// grow makes room for n more points.
func (d *Deviation) grow(n int) {
	d.Times = slices.Grow(d.Times, n)
	for _, v := range []*[]float64{&d.Sigma, &d.Value, &d.Centre, &d.Low, &d.High} {
		*v = slices.Grow(*v, n)
	}
}

// floor returns the smallest unit of deviation around a centre.
func (m *Scale) floor(centre float64) float64 {
	switch m.Kind.Scale() {
	case andon.ShareScale:
		return .05 // 1/(2√n) for n = 100 trials
	case andon.LinearScale:
		return max(.02*math.Abs(centre), 1e-9)
	case andon.LogScale:
	}
	return .02
}
