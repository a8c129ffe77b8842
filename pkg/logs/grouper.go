package logs

import (
	"strconv"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/logs/cluster"
	"github.com/andon-project/andon/pkg/logs/crash"
)

// A grouper sorts lines into groups. What it does depends on the lines that it
// was given, in their order, alone.
type grouper interface {
	// add takes in a line, and returns what can be told by now; a crash is told
	// when the lines behind it are there.
	add(l CohortLine) []GroupLines
	// settle is called at the end of each bin: it returns what can be told by
	// that time, and groups may change their ids.
	settle(end time.Time, last bool) []GroupLines
	// now returns the id that a group has now which had id once.
	now(id string) string
	// learn makes known what is remembered under an id, and returns the id that
	// it has here.
	learn(id string, r andon.Remembered) string
	// title returns a cluster's template, or a crash's title.
	title(id string) string
	// signature returns the crash of a signature; the zero one for clusters.
	signature(id string) crash.Crash
	// lost returns how many lines could not be put into a group.
	lost() float64
}

// A lineClusters groups lines by what is constant in them.
type lineClusters struct {
	c         *cluster.Clusterer
	templates map[string]string // by id
	fresh     bool              // lines were added since templates was made
}

func newLineClusters() *lineClusters {
	return &lineClusters{c: cluster.New(cluster.Options{}), templates: map[string]string{}}
}

func (c *lineClusters) learn(id string, r andon.Remembered) string {
	if r.Template == "" {
		return id
	}
	if k := c.c.Learn(r.Template); k != 0 {
		return k.String()
	}
	return id
}

func (c *lineClusters) title(id string) string       { return c.templates[id] }
func (c *lineClusters) signature(string) crash.Crash { return crash.Crash{} }

func (c *lineClusters) add(l CohortLine) []GroupLines {
	c.fresh = true
	id := c.c.Add([]byte(l.Text))
	if id == 0 {
		return nil // counted by lost
	}
	return []GroupLines{l.ofGroup(id.String())}
}

func (c *lineClusters) settle(time.Time, bool) []GroupLines {
	if c.fresh {
		c.fresh = false
		for _, k := range c.c.Clusters() {
			c.templates[k.ID.String()] = k.Template
		}
	}
	return nil
}

func (c *lineClusters) now(id string) string {
	n, err := strconv.ParseUint(id, 16, 64)
	if err != nil {
		return id
	}
	return c.c.Resolve(cluster.ID(n)).String()
}

func (c *lineClusters) lost() float64 { return float64(c.c.NotKept()) }

// maxSignatures bounds how many crash signatures are told apart.
const maxSignatures = 2048

// A crashFinder groups the crashes in lines by their signatures.
type crashFinder struct {
	finder  *crash.Finder
	crashes map[string]crash.Crash // one of each signature
	streams map[string]CohortLine  // the last line of each stream that has a crash open
	dropped float64
}

func newCrashFinder() *crashFinder {
	return &crashFinder{finder: crash.NewFinder(crash.Options{}), crashes: map[string]crash.Crash{}, streams: map[string]CohortLine{}}
}

// streamOf names what writes lines one after the other: a container or a file
// of a node.
func streamOf(l CohortLine) string {
	return string(rune('0'+l.Side)) + l.Node + "\x00" + l.Labels["container"] + "\x00" + l.Labels["filename"]
}

func (c *crashFinder) add(l CohortLine) []GroupLines {
	name := streamOf(l)
	c.streams[name] = CohortLine{Line: andon.Line{Labels: l.Labels}, Side: l.Side, Node: l.Node, version: l.version}
	return c.tell(c.finder.Add(name, l.Text, l.At))
}

func (c *crashFinder) settle(end time.Time, last bool) []GroupLines {
	out := c.tell(c.finder.Add("", "", end))
	if last {
		out = append(out, c.tell(c.finder.Flush())...)
	}
	return out
}

func (c *crashFinder) tell(found []crash.Found) []GroupLines {
	var out []GroupLines
	for _, f := range found {
		id := string(f.Signature)
		if _, ok := c.crashes[id]; !ok {
			if len(c.crashes) >= maxSignatures {
				c.dropped++
				continue
			}
			c.crashes[id] = f.Crash
		}
		s := c.streams[f.Stream].ofGroup(id)
		s.at = f.First
		s.example.At, s.example.Text = f.First, f.Raw
		out = append(out, s)
	}
	return out
}

func (c *crashFinder) title(id string) string                     { return c.crashes[id].Title }
func (c *crashFinder) signature(id string) crash.Crash            { return c.crashes[id] }
func (c *crashFinder) now(id string) string                       { return id }
func (c *crashFinder) learn(id string, _ andon.Remembered) string { return id }
func (c *crashFinder) lost() float64                              { return c.dropped }
