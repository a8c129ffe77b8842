package analysis

import (
	gocmp "cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// What a finding holds of groups, so that a verdict stays small.
const (
	mostFound = 10 // groups
	mostNodes = 20 // nodes of one
)

// brief returns the group with the nodes that show it most.
func (g Group) brief() Group {
	if len(g.Nodes) > mostNodes {
		g.Nodes = slices.Clone(g.Nodes)
		slices.SortStableFunc(g.Nodes, func(a, b NodeCount) int { return gocmp.Compare(b.Lines, a.Lines) })
		g.Nodes = g.Nodes[:mostNodes]
	}
	g.Examples = g.Examples[:min(len(g.Examples), 1)]
	return g
}

// A Seen is a group that a rollout's logs showed, for the catalogue.
type Seen struct {
	Signal    string
	ID        string
	Name      string // its template, or the signature's title
	Crash     bool
	First     time.Time // that control showed it; that candidate did, if control did not
	Control   bool      // control showed it
	Candidate bool      // candidate showed it
	Gone      bool      // only control did, and candidate would have by now
}

// Seen returns the groups of a rollout's logs and crashes, by signal and id;
// nil if the rollout is not known.
func (w *Watch) Seen(rollout string) []Seen {
	c := w.courses[rollout]
	if c == nil {
		return nil
	}
	var out []Seen
	for _, r := range c.readers {
		out = append(out, r.book.seen()...)
	}
	return out
}

// seen lists the groups.
func (b *book) seen() []Seen {
	var out []Seen
	for _, id := range sortedKeys(b.groups) {
		g := b.groups[id]
		s := Seen{
			Signal: b.c.Signal.Name, ID: id, Name: b.title(g), Crash: b.crashes(), First: g.sides[controlSide].first,
			Control: g.sides[controlSide].lines > 0, Candidate: g.sides[candidateSide].lines > 0, Gone: b.class(g) == ClassGone,
		}
		if !s.Control {
			s.First = g.sides[candidateSide].first
		}
		out = append(out, s)
	}
	return out
}

// Survey returns what all nodes of a service show of a signal over a range, of
// whatever version: what the catalogue learns while no rollout is under way.
func (a *Analyzer) Survey(ctx context.Context, s Service, sig Signal, r Range) ([]Seen, error) {
	c := Comparison{Service: s.Name, Signal: sig, Node: s.Node, Version: s.Version, Since: r.End.Add(time.Nanosecond), Step: s.Bin()}
	b, _, err := a.read(ctx, c, r)
	if err != nil {
		return nil, err
	}
	return b.seen(), nil
}

// A reader follows one signal of logs or crashes of a rollout.
type reader struct {
	signal Signal
	weight float64
	strat  Strategy
	step   time.Duration
	begun  time.Time

	line *lineAsk
	book *book
	next int64     // bin to be folded next
	bins []lineBin // from next on, that are there
	err  error     // of the last question, or why none can be asked

	blamed     bool
	low        float64 // lowest log evidence, and when
	lowAt      time.Time
	bothSeen   int       // bins in which nodes of both sides ran
	lastOfCand time.Time // that a candidate node ran
	cached     float64
	cachedAt   int64
}

func (a *Analyzer) newReader(c *course, sig Signal, weight float64) *reader {
	r := &reader{signal: sig, weight: weight, strat: c.strategy, step: c.step, begun: c.rollout.Started, next: c.first, lowAt: binTime(c.first-1, c.step), cachedAt: -1}
	cmp := Compare(c.rollout, c.service, sig)
	r.book = newBook(cmp, c.first-placeboBins, c.first)
	r.book.thresholds = c.strategy == Threshold
	r.line, r.err = a.newLineAsk(cmp, c.first)
	return r
}

func (r *reader) about() Signal  { return r.signal }
func (r *reader) trouble() error { return r.err }
func (r *reader) share() float64 { return r.weight }
func (r *reader) counts() bool   { return r.weight > 0 || r.signal.Critical }
func (r *reader) accuse()        { r.blamed = true }

// compared reports whether there is a control to compare with.
func (r *reader) compared() bool { return r.book.time[controlSide] > 0 }

// ask fetches the bins up to last that are not there yet, and what control
// said before the first on the first occasion.
func (r *reader) ask(ctx context.Context, a *Analyzer, last int64) {
	if r.line == nil || last < r.next-1 {
		return
	}
	from := r.next + int64(len(r.bins))
	if r.book.next < r.next { // the past is not folded
		from = r.book.next
	}
	if from > last {
		return
	}
	if lost := last - from - mostLate; lost > 0 { // a source that comes back is not asked for everything at once
		r.bins = append(r.bins, make([]lineBin, lost)...)
		from += lost
	}
	got, err := r.line.fetch(ctx, r.book.by, from, last)
	if r.err = err; err != nil {
		return
	}
	for r.book.next < r.next && len(got) > 0 {
		r.book.fold(got[0], false)
		got = got[1:]
	}
	r.bins = append(r.bins, got...)
}

// ready reports whether the next bin is there.
func (r *reader) ready() bool { return len(r.bins) > 0 }

// fold takes in the next bin; running are the nodes of either side that metrics
// know to run.
func (r *reader) fold(b moment, running [2][]string) {
	l := r.bins[0]
	r.bins = r.bins[1:]
	r.next++
	for side := range running {
		l.running[side] = append(l.running[side], running[side]...)
	}
	twin := func(side int, node string) bool { return side == controlSide && b.twins[node] }
	l.lines = slices.DeleteFunc(l.lines, func(s sided) bool { return twin(s.side, s.node) })
	l.counted = slices.DeleteFunc(l.counted, func(s sighting) bool { return twin(s.side, s.node) })
	l.running[controlSide] = slices.DeleteFunc(l.running[controlSide], func(n string) bool { return b.twins[n] })
	r.book.fold(l, false)
	if r.book.exposed(candidateSide, b.bin) > 0 {
		r.lastOfCand = b.at
		if r.book.timed() && r.compared() || r.book.exposed(controlSide, b.bin) > 0 {
			r.bothSeen++
		}
	}
	r.cachedAt = -1
	if e := r.evidence(); !(e > r.low) {
		r.low, r.lowAt = e, b.at
	}
}

// evidence returns the logarithm of the signal's evidence.
func (r *reader) evidence() float64 {
	if r.cachedAt != r.next {
		r.cached, r.cachedAt = r.book.evidence(), r.next
	}
	return r.cached
}

// recall takes in what is remembered by now.
func (c *course) recall(a *Analyzer, now time.Time) {
	for _, r := range c.readers {
		r.book.recall(a.recall(r.book.c, now))
		r.cachedAt = -1
	}
}

// told fails the rollout at a time if a group does so by itself: by the
// sensitivity, or by a person's word.
func (c *course) told(at time.Time) bool {
	for _, r := range c.readers {
		if why := r.book.failing(); why != "" {
			r.blamed = true
			c.fail(at, r.signal.Name+": "+why)
			c.failWeight = math.Inf(1)
			return true
		}
	}
	return false
}

// running returns the nodes of either side that had a sample of a metric in a bin.
func (c *course) running(bin int64) (out [2][]string) {
	seen := [2]map[string]bool{{}, {}}
	for _, t := range c.signals {
		if t.cand == nil {
			continue
		}
		for side, f := range []*frame{t.cand, t.ctrl} {
			for name, row := range f.rows {
				if i := bin - f.first; i >= 0 && i < int64(f.width) && row.seen[i] && name != "" {
					seen[side][name] = true
				}
			}
		}
	}
	for side := range out {
		out[side] = sortedKeys(seen[side])
	}
	return out
}

// quality says whether the signal can be judged.
func (r *reader) quality() Quality {
	candidate, control := r.book.time[candidateSide] > 0, r.compared()
	young := binTime(r.next-1, r.step).Sub(r.begun) < leastBins*r.step
	switch {
	case r.err != nil:
		return SourceError
	case r.book.next < r.next:
		return LowExposure
	case r.strat == Threshold && candidate:
		return OK
	case !candidate && !control && !young:
		return NoSeries
	case !candidate && young:
		return LowExposure
	case !candidate:
		return NoCandidateData
	case !control:
		return NoControlData
	case binTime(r.next-1, r.step).Sub(r.lastOfCand) > 10*r.step:
		return Stale
	case r.bothSeen < leastBins && r.evidence() < math.Log(warnEvidence):
		return LowExposure
	}
	return OK
}

// finding returns what the signal showed by now, with its share of the weight.
func (r *reader) finding(share, _ float64) Finding {
	f := Finding{
		Signal: r.signal.Name, Kind: "logs", Deviation: Unknown, Effect: Unknown, Smallest: Unknown,
		Evidence: Number(math.Exp(r.evidence())), Weight: Number(share), Critical: r.signal.Critical, Blamed: r.blamed,
		Quality: r.quality(), Classes: map[Class]int{},
	}
	if r.book.crashes() {
		f.Kind = "crashes"
	}
	if r.evidence() >= math.Log(10) {
		at := r.lowAt.Add(r.step)
		f.Onset = &at
	}
	if r.line == nil {
		f.Reason = fmt.Sprintf("%s could not be read: %s", r.signal.Name, r.err)
		return f
	}
	var groups []Group
	var general GroupReport
	if r.book.crashes() {
		report := r.book.crashReport(r.line)
		general = report.GroupReport
		for _, s := range report.Signatures {
			groups = append(groups, s.Group)
		}
		for _, s := range report.Signatures[:min(len(report.Signatures), mostFound)] {
			s.Group = s.Group.brief()
			f.Signatures = append(f.Signatures, s)
		}
	} else {
		report := r.book.clusterReport(r.line)
		general = report.GroupReport
		for _, c := range report.Clusters {
			groups = append(groups, c.Group)
		}
		for _, c := range report.Clusters[:min(len(report.Clusters), mostFound)] {
			c.Group = c.Group.brief()
			f.Clusters = append(f.Clusters, c)
		}
	}
	for _, g := range groups {
		f.Classes[g.Class]++
	}
	f.Query, f.Against, f.Notices = general.Query, general.Against, general.Notices
	f.Candidate, f.Control = int(general.Candidate.Lines), int(general.Control.Lines)
	c, k := general.Candidate, general.Control
	if c.Time > 0 && k.Time > 0 {
		f.Effect = Number(3600 * (c.Lines/c.Time - k.Lines/k.Time))
	}
	f.Node = loudest(groups)
	f.Reason = r.reason(f, groups)
	return f
}

// loudest returns the candidate node that shows most of what is new or more
// frequent.
func loudest(groups []Group) string {
	node, most := "", 0.
	by := map[string]float64{}
	for _, g := range groups {
		if g.Class != ClassUnknown && g.Class != ClassUnexpectedFrequency {
			continue
		}
		for _, n := range g.Nodes {
			if n.Candidate {
				by[n.Node] += n.Events
			}
		}
	}
	for _, n := range sortedKeys(by) {
		if by[n] > most {
			node, most = n, by[n]
		}
	}
	return node
}

// reason says in a sentence what the signal showed.
func (r *reader) reason(f Finding, groups []Group) string {
	name := r.signal.Name
	switch f.Quality {
	case SourceError:
		return fmt.Sprintf("%s could not be read: %s", name, r.err)
	case NoSeries:
		return name + ": no node of either cohort logs anything; check its query and the labels of the cohorts"
	case NoCandidateData:
		return name + ": no candidate node has logged anything since the rollout began"
	case NoControlData:
		return name + ": no control node has logged anything to compare with"
	case Stale:
		return fmt.Sprintf("%s: no candidate node has logged anything since %s", name, r.lastOfCand.Format(time.RFC3339))
	}
	var parts []string
	for _, c := range []struct {
		class Class
		says  string
	}{{ClassUnknown, "new"}, {ClassUnexpectedFrequency, "more frequent"}, {ClassKnown, "known"}, {ClassGone, "gone"}} {
		if n := f.Classes[c.class]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, c.says))
		}
	}
	what, total := "cluster", 0
	if r.book.crashes() {
		what = "crash signature"
	}
	for _, n := range f.Classes {
		total += n
	}
	if total != 1 {
		what += "s"
	}
	if len(parts) == 0 {
		return fmt.Sprintf("%s: no %s on either side", name, what)
	}
	text := fmt.Sprintf("%s: %s %s", name, list(parts), what)
	if len(groups) > 0 && (groups[0].Class == ClassUnknown || groups[0].Class == ClassUnexpectedFrequency || groups[0].Failing) {
		text += "; " + groups[0].Reason
	}
	return strings.TrimSpace(text)
}
