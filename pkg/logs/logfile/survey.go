// Package logfile finds the clusters of lines in log files, and what changed
// between an old file and a new one.
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

// The sides of a comparison. Without a comparison there is only the new side.
const (
	oldSide = iota
	newSide
	sides
)

const (
	maxLine    = 1 << 14 // bytes of a line that are used
	maxKept    = 256     // bytes of a line that are kept for its time
	checkEvery = 1 << 12 // lines between two checks of the context and reports of progress
)

// A Survey finds the clusters of the lines of one file, or of an old and a new one.
type Survey struct {
	// KeepLines keeps the cluster of each line of the new file for WriteTSV, at eight bytes a line.
	KeepLines bool
	// Progress, if set, is called every few thousand lines with the bytes and lines read of a file.
	Progress func(bytes, lines int64)

	clusters *cluster.Clusterer
	byID     map[cluster.ID]*clusterLines
	lines    [sides]int64
	blocks   blocks
	lineIDs  []cluster.ID
	compared bool
}

// clusterLines holds what the files have of one cluster.
type clusterLines struct {
	count       [sides]int64
	first, last int64 // numbers of the first and last line in the new file
	firstLine   []byte
	lastLine    []byte
	blocks      [maxBlocks]float64 // lines in each block of the old file
}

// NewSurvey returns an empty Survey.
func NewSurvey() *Survey {
	return &Survey{clusters: cluster.New(cluster.Options{}), byID: make(map[cluster.ID]*clusterLines), blocks: blocks{size: 64}}
}

// ReadOld reads the old file. Call it before Read.
func (s *Survey) ReadOld(ctx context.Context, r io.Reader) error {
	s.compared = true
	return s.read(ctx, r, oldSide)
}

// Read reads the file, or the new one of two.
func (s *Survey) Read(ctx context.Context, r io.Reader) error { return s.read(ctx, r, newSide) }

func (s *Survey) read(ctx context.Context, r io.Reader, side int) error {
	in := bufio.NewReaderSize(r, 1<<16)
	var long []byte
	bytes := int64(0)
	for n := int64(0); ; n++ {
		if n%checkEvery == 0 {
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

// readLine returns the next line without its newline, cut to maxLine bytes, and the
// number of bytes read, which is 0 at the end of the file.
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
		s.lineIDs = append(s.lineIDs, id)
	}
	if id == 0 {
		return
	}
	x := s.byID[id]
	if x == nil {
		x = &clusterLines{}
		s.byID[id] = x
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
	Count    int64       // lines in the file
	Share    float64     // Count as a share of all lines of the file
	First    string      // time of the first of the lines, or its number if lines have no time
	Last     string      // the same of the last
	Class    andon.Class // compared with the old file; "" without one
	Was      int64       // lines in the old file
	Ratio    float64     // share of lines over that in the old file; NaN if it was 0
	LogE     float64     // natural logarithm of the evidence that the share grew by more than 20%
}

// A Report is what a Survey found.
type Report struct {
	Rows     []Row
	Lines    int64 // lines of the file
	OldLines int64 // lines of the old file
	NotKept  int64 // lines of both that are in no cluster, for lack of room
	Compared bool  // there was an old file
}

// Report returns the clusters, the most frequent ones first; of a comparison, class
// by class, unknown ones first.
func (s *Survey) Report() Report {
	found := s.clusters.Clusters()
	now := make(map[cluster.ID]*clusterLines, len(found))
	for id, x := range s.byID {
		id = s.clusters.Resolve(id)
		if y := now[id]; y != nil {
			y.merge(x)
		} else {
			now[id] = x
		}
	}
	s.byID = now
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

// when returns the time in the header of line, or the line's number n if it has none.
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
	margin        = .2  // growth of a share of lines up to which a cluster counts as unchanged
	groupEvidence = 100 // evidence from which on a cluster has another class
)

// compare sets the class of a cluster compared with the old file, and the evidence
// for it. Given how many lines both files have of the cluster, those of the new one
// are binomial. The evidence is reduced by how much the lines scatter over the old
// file, compared with independent events, and by the number of clusters.
func (s *Survey) compare(row *Row, x *clusterLines, clusters int) {
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

// merge adds the lines of a cluster that has become part of this one.
func (x *clusterLines) merge(y *clusterLines) {
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

// blocks divides a file of unknown length into at most maxBlocks parts of equal size.
type blocks struct{ size, used int64 }

// block returns the block of the line of the old file that is being added.
func (s *Survey) block() int64 {
	b := (s.lines[oldSide] - 1) / s.blocks.size
	if b == maxBlocks {
		for _, x := range s.byID {
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

// phi returns the variance of the counts of a cluster in the blocks, relative to
// that of independent events.
func (b *blocks) phi(counts *[maxBlocks]float64) float64 {
	var d stat.Dispersion
	exposed := make([]float64, b.used)
	for i := range exposed {
		exposed[i] = 1
	}
	d.Add(counts[:b.used], exposed)
	return d.Phi()
}
