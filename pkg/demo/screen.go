package demo

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// A screen tells what happens: on a terminal it draws the state in place below
// what has happened; elsewhere it writes a line when something happens.
type screen struct {
	out    io.Writer
	live   bool
	colour bool
	url    string
	drawn  int // lines of the state that were drawn last
}

func newScreen(o Options, url string) *screen {
	return &screen{out: o.Out, live: o.Live, colour: o.Colour, url: url}
}

// open says what runs.
func (s *screen) open(shop *Shop) {
	c := shop.config
	if s.live {
		fmt.Fprint(s.out, "\x1b[?7l") // long lines are cut, not wrapped: lines must be counted
	}
	fmt.Fprintf(s.out, "A shop is open: %d nodes of each of its services %s on %s, %.0f requests a second to each.\n",
		c.Nodes, strings.Join(Services(), " and "), Old, c.Rate)
	fmt.Fprintf(s.out, "%s goes out node by node. ", New)
	if c.Fault != "" {
		fmt.Fprintf(s.out, "That of %s is bad (%s); the other is good. Andon is told of neither.\n", c.Bad, c.Fault)
	} else {
		fmt.Fprint(s.out, "It is good for all.\n")
	}
	fmt.Fprintf(s.out, "Charts and findings: %s\n\n", s.url)
}

// show tells what is new in now since before.
func (s *screen) show(before, now []sight) {
	var news []string
	for i := range now {
		var old sight
		if i < len(before) {
			old = before[i]
		}
		for _, n := range happened(old, now[i]) {
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

// erase takes the state off the terminal.
func (s *screen) erase() {
	if s.drawn > 0 {
		fmt.Fprintf(s.out, "\x1b[%dA\x1b[J", s.drawn)
		s.drawn = 0
	}
}

// close says how it ended.
func (s *screen) close(last []sight, bad string, exit bool) {
	s.erase()
	fmt.Fprintln(s.out)
	for _, v := range last {
		if v.Name == bad {
			fmt.Fprintf(s.out, "%s %s was bad: halted after %s, %d of %d nodes were spared.\n", v.Name, v.Version,
				v.HaltedAt.Sub(v.Started).Round(time.Second), v.Nodes-v.Touched, v.Nodes)
		} else {
			fmt.Fprintf(s.out, "%s %s was good: it is on all %d nodes and passed.\n", v.Name, v.Version, v.Nodes)
		}
	}
	if !exit {
		fmt.Fprintf(s.out, "Look around at %s; Ctrl-C ends the demonstration and cleans up.\n\n", s.url)
	}
}

// leave gives the terminal back as it was.
func (s *screen) leave() {
	if s.live {
		fmt.Fprint(s.out, "\x1b[?7h")
	}
}

// happened says in sentences what is new in now since before.
func happened(before, now sight) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if now.ID != before.ID {
		say("%s goes out, to one node first", now.Version)
	}
	if now.Touched > before.Touched {
		if control := now.Nodes - now.Updated; control > 0 {
			say("%d of %d nodes on %s, compared with %d on %s", now.Updated, now.Nodes, now.Version, control, now.Previous)
		} else {
			say("all %d nodes on %s", now.Nodes, now.Version)
		}
	}
	if now.judged {
		odds, past := float64(now.verdict.Evidence), float64(before.verdict.Evidence)
		if power(odds) > 0 && power(odds) > power(past) && now.verdict.Verdict != andon.Fail {
			say("evidence %s: %s", toOne(odds), now.verdict.Reason)
		}
		// That there is too little to judge by yet is no news.
		if now.verdict.Verdict != before.verdict.Verdict && (now.verdict.Verdict != andon.Inconclusive || now.verdict.Quality == andon.OK) {
			say("%s, evidence %s: %s", strings.ToUpper(string(now.verdict.Verdict)), toOne(odds), now.verdict.Reason)
		}
	}
	if now.Halts > before.Halts {
		say("halted by Alertmanager through Andon: %s", now.Call)
	}
	if now.Phase != before.Phase && now.Phase == RolledBack {
		say("taken back: every node is on %s again, %d of %d nodes never ran %s", now.Previous, now.Nodes-now.Touched, now.Nodes, now.Version)
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
func state(now []sight) []string {
	lines := []string{""}
	for _, s := range now {
		nodes := strings.Repeat("■", s.Updated) + strings.Repeat("□", s.Nodes-s.Updated)
		head := fmt.Sprintf("%s  %-8s  %s  ", clock(s.at), s.Name, nodes)
		switch {
		case s.Phase == Idle:
			lines = append(lines, head+"all nodes on "+Old, "")
			continue
		case s.Updated == 0:
			head += "all nodes on " + s.Previous
		case s.Updated == s.Nodes:
			head += "all nodes on " + s.Version
		default:
			head += fmt.Sprintf("%d on %s against %d on %s", s.Updated, s.Version, s.Nodes-s.Updated, s.Previous)
		}
		if !s.judged {
			lines = append(lines, head+", not judged yet", "")
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
