package recording

import (
	"context"
	"fmt"
	"slices"
	"sort"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"
)

// Samples holds series in memory. It is a storage.Queryable, so that Prometheus'
// engine can answer PromQL queries about it. Several goroutines may read it, but not
// while Append runs. The zero Samples is empty.
type Samples struct {
	series []*Series // in the order in which they were added
}

// A Series is one of Samples: what its samples are appended to.
type Series struct {
	labels labels.Labels
	points []chunks.Sample
}

// Add adds an empty series. No two may have the same labels.
func (s *Samples) Add(l labels.Labels) *Series {
	one := &Series{labels: l}
	s.series = append(s.series, one)
	return one
}

// Append adds a sample, at a time in Unix milliseconds. It is an error if the
// series has one at that time or later.
func (s *Series) Append(at int64, v float64) error {
	if n := len(s.points); n > 0 && s.points[n-1].T() >= at {
		return fmt.Errorf("the sample at %d ms is not newer than the one before it, at %d ms", at, s.points[n-1].T())
	}
	s.points = append(s.points, point{at, v})
	return nil
}

// Querier implements storage.Queryable for samples from mint to maxt, both included.
func (s *Samples) Querier(mint, maxt int64) (storage.Querier, error) {
	return querier{s, mint, maxt}, nil
}

type querier struct {
	samples    *Samples
	mint, maxt int64
}

// Select returns the series that match and have a sample between mint and maxt.
func (q querier) Select(_ context.Context, sorted bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	var found []storage.Series
	for _, s := range q.samples.series {
		if !matchesAll(s.labels, matchers) {
			continue
		}
		from := sort.Search(len(s.points), func(i int) bool { return s.points[i].T() >= q.mint })
		to := sort.Search(len(s.points), func(i int) bool { return s.points[i].T() > q.maxt })
		if from < to {
			found = append(found, storage.NewListSeries(s.labels, s.points[from:to]))
		}
	}
	if sorted {
		slices.SortFunc(found, func(a, b storage.Series) int { return labels.Compare(a.Labels(), b.Labels()) })
	}
	return &seriesSet{series: found}
}

func matchesAll(l labels.Labels, matchers []*labels.Matcher) bool {
	for _, m := range matchers {
		if !m.Matches(l.Get(m.Name)) {
			return false
		}
	}
	return true
}

// LabelValues implements storage.Querier. No PromQL expression asks for it.
func (querier) LabelValues(context.Context, string, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

// LabelNames implements storage.Querier. No PromQL expression asks for it.
func (querier) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

// Close implements storage.Querier.
func (querier) Close() error { return nil }

type seriesSet struct {
	series []storage.Series
	next   int
}

func (s *seriesSet) Next() bool                        { s.next++; return s.next <= len(s.series) }
func (s *seriesSet) At() storage.Series                { return s.series[s.next-1] }
func (s *seriesSet) Err() error                        { return nil }
func (s *seriesSet) Warnings() annotations.Annotations { return nil }

// A point is one sample of a series: a float at a time in Unix milliseconds.
type point struct {
	t int64
	v float64
}

func (p point) ST() int64                     { return 0 }
func (p point) T() int64                      { return p.t }
func (p point) F() float64                    { return p.v }
func (p point) H() *histogram.Histogram       { return nil }
func (p point) FH() *histogram.FloatHistogram { return nil }
func (p point) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (p point) Copy() chunks.Sample           { return p }
