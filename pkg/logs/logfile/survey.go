// Package logfile looks at files of log lines: what clusters there are in
// them, and what changed between an old one and a new one.
package logfile

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io"
	"math"
	"slices"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/logs/cluster"
	"github.com/andon-project/andon/pkg/stat"
)

// The sides of a comparison; what is not compared has only the new one.
const (
	oldSide = iota
	newSide
	sides
)

const (
	maxLine   = 1 << 14 // bytes of a line that are looked at
	maxKept   = 256     // bytes of a line that are kept for its time
	lookEvery = 1 << 12 // lines between two looks at the context and the progress
)

// A Survey takes in the lines of one file, or of an old one and then a new one.
type Survey struct {
	// KeepLines keeps the cluster of each line of the new file for WriteTSV, eight bytes a line.
	KeepLines bool
	// Progress, if it is set, is called now and then with the bytes and lines read of a file.
	Progress func(bytes, lines int64)

	clusters *cluster.Clusterer
	seen     map[cluster.ID]*sighting
	lines    [sides]int64
	blocks   blocks
	each     []cluster.ID
	compared bool
}

// A sighting is what was seen of a cluster.
type sighting struct {
	count       [sides]int64
	first, last int64 // numbers of lines of the new file
	firstLine   []byte
	lastLine    []byte
	blocks      [maxBlocks]float64 // of the old file
}

// NewSurvey returns an empty Survey.
func NewSurvey() *Survey {
	return &Survey{clusters: cluster.New(cluster.Options{}), seen: make(map[cluster.ID]*sighting), blocks: blocks{size: 64}}
}

// ReadOld takes in the lines of the old file. It comes before Read.
func (s *Survey) ReadOld(ctx context.Context, r io.Reader) error {
	s.compared = true
	return s.read(ctx, r, oldSide)
}

// Read takes in the lines of the file.
func (s *Survey) Read(ctx context.Context, r io.Reader) error { return s.read(ctx, r, newSide) }

func (s *Survey) read(ctx context.Context, r io.Reader, side int) error {
	in := bufio.NewReaderSize(r, 1<<16)
	var long []byte
	bytes := int64(0)
	for n := int64(0); ; n++ {
		if n%lookEvery == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			if s.Progress != nil {
				s.Progress(bytes, n)
			}
		}
		line, size, err := readLine(in, &long)
		bytes += size
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if size == 0 {
			return nil
		}
		s.add(line, side)
	}
}

// readLine returns the next line without its end, the first maxLine bytes of
// it if it is longer, and how many bytes were read; 0 at the end.
func readLine(in *bufio.Reader, long *[]byte) (line []byte, size int64, err error) {
	line, err = in.ReadSlice('\n')
	size = int64(len(line))
	if errors.Is(err, bufio.ErrBufferFull) {
		*long = append((*long)[:0], line[:maxLine]...)
		for errors.Is(err, bufio.ErrBufferFull) {
			line, err = in.ReadSlice('\n')
			size += int64(len(line))
		}
		return *long, size, err
	}
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line, size, err
}

func (s *Survey) add(line []byte, side int) {
	id := s.clusters.Add(line)
	s.lines[side]++
	if side == newSide && s.KeepLines {
		s.each = append(s.each, id)
	}
	if id == 0 {
		return
	}
	x := s.seen[id]
	if x == nil {
		x = &sighting{}
		s.seen[id] = x
	}
	x.count[side]++
	if side == oldSide {
		x.blocks[s.block()]++
		return
	}
	if x.first == 0 {
		x.first = s.lines[side]
		x.firstLine = append(x.firstLine, line[:min(len(line), maxKept)]...)
	}
	x.last = s.lines[side]
	x.lastLine = append(x.lastLine[:0], line[:min(len(line), maxKept)]...)
}

// A Row is one cluster of a Survey.
type Row struct {
	ID       cluster.ID
	Template string
	Example  string
	Count    int64   // lines of the file
	Share    float64 // of all its lines
	First    string  // the time of the first of its lines, or its number if lines have no time
	Last     string
	Class    andon.Class // against the old file; "" without one
	Was      int64       // lines of the old file
	Ratio    float64     // how many times the share of lines grew; NaN if the old file has none
	LogE     float64     // logarithm of the evidence that it grew by more than a fifth
}

// A Report is what a Survey found.
type Report struct {
	Rows     []Row
	Lines    int64 // of the file
	OldLines int64
	NotKept  int64 // lines of both that could not be kept
	Compared bool
}

// Report returns what was found, the most frequent clusters first; of a
// comparison the unknown ones first, then by class.
func (s *Survey) Report() Report {
	found := s.clusters.Clusters()
	now := make(map[cluster.ID]*sighting, len(found))
	for id, x := range s.seen {
		id = s.clusters.Resolve(id)
		if y := now[id]; y != nil {
			y.merge(x)
		} else {
			now[id] = x
		}
	}
	s.seen = now
	r := Report{Lines: s.lines[newSide], OldLines: s.lines[oldSide], NotKept: s.clusters.NotKept(), Compared: s.compared}
	for _, c := range found {
		x := now[c.ID]
		if x == nil {
			continue
		}
		row := Row{
			ID: c.ID, Template: c.Template, Example: c.Example, Count: x.count[newSide], Was: x.count[oldSide],
			First: s.when(x.firstLine, x.first), Last: s.when(x.lastLine, x.last),
			Share: float64(x.count[newSide]) / float64(max(1, r.Lines)), Ratio: math.NaN(),
		}
		if s.compared {
			s.compare(&row, x, len(found))
		}
		r.Rows = append(r.Rows, row)
	}
	order := func(c andon.Class) int { return slices.Index(andon.Classes, c) }
	slices.SortStableFunc(r.Rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(order(a.Class), order(b.Class)), cmp.Compare(b.Count, a.Count))
	})
	return r
}

// when returns the time in the header of line, or n if there is none.
func (s *Survey) when(line []byte, n int64) string {
	if n == 0 {
		return ""
	}
	if t := s.clusters.Time(line); t != "" {
		return t
	}
	return "line " + commas(n)
}

const (
	margin        = .2 // growth of a share by no more than this is none
	groupEvidence = 100
)

// compare says how a cluster stands to the old file. Its lines are binomial
// given how many both files have; the evidence counts for less by how much more
// than by chance those of the old file scatter over it, and for less by the
// number of clusters that are looked at.
func (s *Survey) compare(row *Row, x *sighting, clusters int) {
	c, k := float64(row.Count), float64(row.Was)
	ec, ek := float64(s.lines[newSide]), float64(s.lines[oldSide])
	if k > 0 && ec > 0 {
		row.Ratio = (c / ec) / (k / ek)
	}
	counts := stat.NewCounts(math.Log1p(margin))
	counts.AddTempered(c, ec, k, ek, s.blocks.phi(&x.blocks))
	row.LogE = counts.LogE()
	switch {
	case k == 0:
		row.Class = andon.ClassUnknown
	case c == 0 && k/ek*ec >= math.Log(groupEvidence):
		row.Class = andon.ClassGone
	case c > 0 && row.LogE-math.Log(float64(clusters)) >= math.Log(groupEvidence):
		row.Class = andon.ClassUnexpectedFrequency
	default:
		row.Class = andon.ClassKnown
	}
}

// merge adds what was seen of another cluster that is one with x now.
func (x *sighting) merge(y *sighting) {
	for side := range sides {
		x.count[side] += y.count[side]
	}
	for i := range x.blocks {
		x.blocks[i] += y.blocks[i]
	}
	if y.first > 0 && (x.first == 0 || y.first < x.first) {
		x.first, x.firstLine = y.first, y.firstLine
	}
	if y.last > x.last {
		x.last, x.lastLine = y.last, y.lastLine
	}
}

const maxBlocks = 32

// Blocks cut a file of unknown length into at most maxBlocks parts of the same size.
type blocks struct{ size, used int64 }

// block returns the block of the line of the old file that is being added.
func (s *Survey) block() int64 {
	b := (s.lines[oldSide] - 1) / s.blocks.size
	if b == maxBlocks {
		for _, x := range s.seen {
			for i := range maxBlocks / 2 {
				x.blocks[i] = x.blocks[2*i] + x.blocks[2*i+1]
			}
			clear(x.blocks[maxBlocks/2:])
		}
		s.blocks.size *= 2
		b /= 2
	}
	s.blocks.used = b + 1
	return b
}

// phi returns how much more than by chance the counts of a cluster scatter.
func (b *blocks) phi(counts *[maxBlocks]float64) float64 {
	var d stat.Dispersion
	exposed := make([]float64, b.used)
	for i := range exposed {
		exposed[i] = 1
	}
	d.Add(counts[:b.used], exposed)
	return d.Phi()
}
