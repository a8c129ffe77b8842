package deviation

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/stat"
)

const (
	saxLetters  = 20
	saxSegments = 24
	// minMatrixBins is how many bins a matrix needs.
	minMatrixBins = 2
)

// A Matrix is how far each candidate node was from each control node, as
// words tell it: a picture of who differs from whom, which decides nothing.
type Matrix struct {
	Candidate, Control []string // names of the nodes, in order

	// Distance holds, by candidate and control node, the lower bound that the
	// words put on the root mean square distance of the two, in standard
	// deviations of control; NaN where they have no samples in common. It is
	// never negative, and it ends at 3.3.
	Distance [][]float64

	// Deviation holds each candidate node's distance from control: the median
	// over the control nodes, never the nearest, which would be near by chance
	// once there are many.
	Deviation []float64

	// Words holds each node's letters, a the lowest and t the highest; a
	// segment without all its samples is '.'.
	CandidateWords, ControlWords []string
}

// Matrix compares every candidate node with every control node over r.
//
// On the scale of the signal's kind all are normalised by the mean and the
// standard deviation of control over r (with the floor that Deviate has), cut
// into at most 24 segments and written in 20 letters (stat.SAX). The distance
// of two nodes is MINDIST·√(1/n) over the n samples of the segments that both
// have.
//
// It needs a control beside the candidate: by labels, or shifted with Back.
func (a Source) Matrix(ctx context.Context, c andon.Comparison, r andon.Range) (Matrix, error) {
	var none Matrix
	if c.Signal.Metric == "" {
		return none, fmt.Errorf("signal %s: has no metric to compare nodes by; set metric", c.Signal.Name)
	}
	if c.ByTime() {
		return none, errors.New("nothing to compare with: candidate and control select the same nodes at the same time; select by labels, or shift one with back")
	}
	span := GridSpan{c.BinWidth(), BinFrom(r.Start, c.BinWidth()), BinAt(r.End, c.BinWidth())}
	if span.Width() < minMatrixBins {
		return none, fmt.Errorf("signal %s: the range from %s to %s is too short; it needs at least %s", c.Signal.Name, r.Start.UTC().Format(time.RFC3339), r.End.UTC().Format(time.RFC3339), andon.Spell(minMatrixBins*span.Step))
	}
	m, err := a.BareScale(c)
	if err != nil {
		return none, err
	}
	cand, ctrl, err := a.fetchBoth(ctx, m, span)
	if err != nil {
		return none, err
	}
	return m.matrix(cand, ctrl), nil
}

// matrix compares the nodes of two frames of the same bins.
func (m *Scale) matrix(cand, ctrl *Frame) Matrix {
	var out Matrix
	var rows, against [][]float64
	out.Candidate, rows = m.transformedRows(cand)
	out.Control, against = m.transformedRows(ctrl)
	var all []float64
	for _, x := range against {
		all = append(all, x...)
	}
	mean, sd := stat.Mean(all), math.Sqrt(stat.Variance(all))
	if !Known(sd) {
		sd = 0
	}
	sax := stat.NewSAX(mean, max(sd, m.floor(mean)), min(saxSegments, cand.Width), saxLetters)
	words := func(rows [][]float64) []string {
		out := make([]string, len(rows))
		for i, x := range rows {
			out[i] = sax.Word(x)
		}
		return out
	}
	out.CandidateWords, out.ControlWords = words(rows), words(against)
	for _, word := range out.CandidateWords {
		row := make([]float64, len(out.ControlWords))
		for j, other := range out.ControlWords {
			d, n := sax.MinDist(word, other, cand.Width)
			row[j] = d / math.Sqrt(float64(n))
		}
		out.Distance = append(out.Distance, row)
		out.Deviation = append(out.Deviation, stat.Median(row))
	}
	return out
}

// transformedRows returns the nodes that have a value, and their values on the scale
// of the kind.
func (m *Scale) transformedRows(f *Frame) (names []string, rows [][]float64) {
	unit := strings.ToLower(m.Spec.Signal.Unit)
	for _, name := range f.Nodes() {
		x := make([]float64, f.Width)
		for i, v := range f.Rows[name].Values {
			x[i] = Transform(m.Kind, unit, v)
		}
		if CountKnown(x) > 0 {
			names, rows = append(names, name), append(rows, x)
		}
	}
	return names, rows
}
