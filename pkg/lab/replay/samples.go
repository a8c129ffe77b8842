package replay

import (
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"

	"github.com/andon-project/andon/pkg/andon"
)

// maxSamplesText is the largest size of metrics.om.gz after unpacking, in bytes: a
// small file can unpack to more than a machine can hold.
const maxSamplesText = 256 << 20

// gunzip unpacks at most limit bytes.
func gunzip(r io.Reader, limit int64) ([]byte, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("not a gzip file: %w", err)
	}
	b, err := io.ReadAll(io.LimitReader(z, limit+1))
	if err != nil {
		return nil, fmt.Errorf("unpacking: %w", err)
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("unpacks to more than the limit of %s", andon.Quantity(float64(limit), "bytes"))
	}
	return b, nil
}

// parseSamples reads OpenMetrics text in which every sample has a timestamp, and each
// series is in order of time. It returns the samples of all series in order of time.
func parseSamples(body []byte) ([]labels.Labels, []Sample, error) {
	p := textparse.NewOpenMetricsParser(body, labels.NewSymbolTable())
	l := samplesParser{byText: make(map[string]int), byLabels: make(map[string]int)}
	// OpenMetrics has no blank lines, so every entry is one line.
	for n := 1; ; n++ {
		entry, err := p.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil && entry == textparse.EntrySeries {
			err = l.take(p)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	slices.SortStableFunc(l.samples, func(a, b Sample) int { return cmp.Compare(a.Time, b.Time) })
	return l.series, l.samples, nil
}

// A samplesParser collects series and samples.
type samplesParser struct {
	series   []labels.Labels
	last     []int64 // time of each series' last sample
	samples  []Sample
	byText   map[string]int // index of a series by its text; saves parsing the same text again
	byLabels map[string]int // index of a series by its sorted labels
	scratch  labels.Labels
}

// take adds the current sample of p.
func (l *samplesParser) take(p textparse.Parser) error {
	text, ts, v := p.Series()
	switch {
	case ts == nil:
		return fmt.Errorf("%s has no timestamp", text)
	case *ts < minTime || *ts > maxTime:
		return fmt.Errorf("%s has the timestamp %d ms, which is not between 1970 and 2262", text, *ts)
	}
	i, ok := l.byText[string(text)]
	if !ok {
		p.Labels(&l.scratch)
		if name, twice := l.scratch.HasDuplicateLabelNames(); twice {
			return fmt.Errorf("%s has the label %s twice", text, name)
		}
		key := l.scratch.String()
		if i, ok = l.byLabels[key]; !ok {
			i = len(l.series)
			l.byLabels[key] = i
			l.series = append(l.series, l.scratch.Copy())
			l.last = append(l.last, -1)
		}
		l.byText[string(text)] = i
	}
	if *ts <= l.last[i] {
		return fmt.Errorf("%s is not newer than the previous sample of this series", text)
	}
	l.last[i] = *ts
	l.samples = append(l.samples, Sample{Series: i, Time: *ts, Value: v})
	return nil
}

// Times that a sample may have, in Unix milliseconds.
const (
	minTime = 0
	maxTime = 9_214_646_400_000
)
