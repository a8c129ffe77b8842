package demo

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// A screen shows what happens: a line for each event and, on a terminal, the current
// state below them, drawn in place.
type screen struct {
	out    io.Writer
	live   bool
	colour bool
	url    string
	drawn  int // number of lines of the state on the terminal
}

func newScreen(o Options, url string) *screen {
	return &screen{out: o.Out, live: o.Live, colour: o.Colour, url: url}
}

// open says what runs.
func (s *screen) open(shop *Shop) {
	c := shop.config
	if s.live {
		fmt.Fprint(s.out, "\x1b[?7l") // cut long lines instead of wrapping them, so that lines can be counted
	}
	fmt.Fprintf(s.out, "The shop is open. Its services %s have %d nodes each, on version %s, and get %.0f requests a second each.\n",
		strings.Join(Services(), " and "), c.Nodes, Old, c.Rate)
	fmt.Fprintf(s.out, "Version %s will go out node by node. ", New)
	if c.Fault != "" {
		fmt.Fprintf(s.out, "For %s it is bad (%s), for the other service it is good. Andon does not know which.\n", c.Bad, faultNames[c.Fault])
	} else {
		fmt.Fprint(s.out, "It is good for both.\n")
	}
	fmt.Fprintf(s.out, "Charts and findings: %s\n\n", s.url)
}

// show shows what changed between before and now, and the state now.
func (s *screen) show(before, now []serviceView) {
	var news []string
	for i := range now {
		var old serviceView
		if i < len(before) {
			old = before[i]
		}
		for _, n := range changes(old, now[i]) {
			news = append(news, s.paint(fmt.Sprintf("%s  %-8s  %s", clock(now[i].at), now[i].Name, n)))
		}
	}
	if !s.live {
		for _, n := range news {
			fmt.Fprintln(s.out, n)
		}
		return
	}
	s.erase()
	for _, n := range news {
		fmt.Fprintln(s.out, n)
	}
	lines := state(now)
	for i := range lines {
		lines[i] = s.paint(lines[i])
	}
	fmt.Fprintln(s.out, strings.Join(lines, "\n"))
	s.drawn = len(lines)
}

// paint colours the words for what is good and what is bad.
func (s *screen) paint(line string) string {
	if !s.live || !s.colour {
		return line
	}
	return colours.Replace(line)
}

var colours = strings.NewReplacer(
	"PASS", "\x1b[1;32mPASS\x1b[0m", "FAIL", "\x1b[1;31mFAIL\x1b[0m", "halted", "\x1b[1;31mhalted\x1b[0m",
	"  pass", "  \x1b[32mpass\x1b[0m", "  fail", "  \x1b[31mfail\x1b[0m", "█", "\x1b[33m█\x1b[0m",
)

// erase removes the state from the terminal.
func (s *screen) erase() {
	if s.drawn > 0 {
		fmt.Fprintf(s.out, "\x1b[%dA\x1b[J", s.drawn)
		s.drawn = 0
	}
}

// close says how it ended.
func (s *screen) close(last []serviceView, bad string, exit bool) {
	s.erase()
	fmt.Fprintln(s.out)
	for _, v := range last {
		if v.Name == bad {
			fmt.Fprintf(s.out, "%s %s was bad: it was halted after %s, and %d of %d nodes never ran it.\n", v.Name, v.Version,
				andon.Spell(v.HaltedAt.Sub(v.Started)), v.Nodes-v.Touched, v.Nodes)
		} else {
			fmt.Fprintf(s.out, "%s %s was good: it passed and runs on all %d nodes.\n", v.Name, v.Version, v.Nodes)
		}
	}
	if !exit {
		fmt.Fprintf(s.out, "Look around at %s. Press Ctrl-C to end the demonstration; it cleans up after itself.\n\n", s.url)
	}
}

// leave restores the terminal.
func (s *screen) leave() {
	if s.live {
		fmt.Fprint(s.out, "\x1b[?7h")
	}
}

// happened says in sentences what is new in now since before.
func changes(before, now serviceView) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if now.ID != before.ID {
		say("rollout of %s begins with one node", now.Version)
	}
	if now.Touched > before.Touched {
		if control := now.Nodes - now.Updated; control > 0 {
			say("%d of %d nodes run %s, compared with %d that run %s", now.Updated, now.Nodes, now.Version, control, now.Previous)
		} else {
			say("all %d nodes run %s", now.Nodes, now.Version)
		}
	}
	if now.hasVerdict {
		odds, past := float64(now.verdict.Evidence), float64(before.verdict.Evidence)
		if power(odds) > 0 && power(odds) > power(past) && now.verdict.Verdict != andon.Fail {
			say("evidence %s: %s", toOne(odds), now.verdict.Reason)
		}
		// At first there is too little data; that is no news.
		if now.verdict.Verdict != before.verdict.Verdict && (now.verdict.Verdict != andon.Inconclusive || now.verdict.Quality == andon.OK) {
			say("%s, evidence %s: %s", strings.ToUpper(string(now.verdict.Verdict)), toOne(odds), now.verdict.Reason)
		}
	}
	if now.Halts > before.Halts {
		say("halted by Alertmanager through Andon: %s", now.Call)
	}
	if now.Phase != before.Phase && now.Phase == RolledBack {
		say("rolled back: all nodes run %s again; %d of %d nodes never ran %s", now.Previous, now.Nodes-now.Touched, now.Nodes, now.Version)
	}
	return out
}

// power returns the whole power of ten in the evidence, at most 3; 0 if it is
// less than ten or not known.
func power(odds float64) int {
	if !(odds >= 10) {
		return 0
	}
	return min(int(math.Log10(odds)), 3)
}

// state draws every service in a few lines.
func state(now []serviceView) []string {
	lines := []string{""}
	for _, s := range now {
		nodes := strings.Repeat("■", s.Updated) + strings.Repeat("□", s.Nodes-s.Updated)
		head := fmt.Sprintf("%s  %-8s  %s  ", clock(s.at), s.Name, nodes)
		switch {
		case s.Phase == Idle:
			lines = append(lines, head+"all on "+Old, "")
			continue
		case s.Updated == 0:
			head += "all on " + s.Previous
		case s.Updated == s.Nodes:
			head += "all on " + s.Version
		default:
			head += fmt.Sprintf("%d on %s against %d on %s", s.Updated, s.Version, s.Nodes-s.Updated, s.Previous)
		}
		if !s.hasVerdict {
			lines = append(lines, head+", no verdict yet", "")
			continue
		}
		odds := float64(s.verdict.Evidence)
		lines = append(lines, fmt.Sprintf("%s  %s %s  %s", head, bar(odds), toOne(odds), s.verdict.Verdict), "                "+s.verdict.Reason)
	}
	return lines
}

// bar draws the evidence on a logarithmic scale; it is full at 1,000 to 1.
func bar(odds float64) string {
	const width = 15
	full := 0
	if odds > 1 {
		full = min(int(math.Log10(odds)/3*width), width)
	}
	return strings.Repeat("█", full) + strings.Repeat("░", width-full)
}

// toOne writes evidence as odds.
func toOne(odds float64) string {
	switch {
	case math.IsNaN(odds):
		return "not known"
	case odds >= 1e6:
		return "over 1,000,000 to 1"
	case odds >= 1000:
		return fmt.Sprintf("%d,%03d to 1", int(odds)/1000, int(odds)%1000)
	case odds >= 10:
		return fmt.Sprintf("%.0f to 1", odds)
	}
	return fmt.Sprintf("%.1f to 1", odds)
}

func clock(d time.Duration) string {
	return fmt.Sprintf("%d:%02d", int(d.Minutes()), int(d.Seconds())%60)
}
