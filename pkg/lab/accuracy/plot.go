package accuracy

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
)

// Picture is the name of the file that the document shows.
const Picture = "accuracy-delay.svg"

// Measures of the picture, in its own units.
const (
	panelWidth, panelHeight = 430.0, 330.0
	padLeft, padRight       = 56.0, 14.0
	padTop, padBottom       = 34.0, 48.0
	radius                  = 9.5
	legendLine              = 21.0
)

const style = `
svg { color-scheme: light dark; --ground: #fff; --text: #1d2430; --dim: #5d6675; --grid: #e7e9ee; --line: #b9bfca; --own: #1a7f4b; --peer: #2457c5; }
@media (prefers-color-scheme: dark) { svg { --ground: #14181d; --text: #e2e6ec; --dim: #98a2b1; --grid: #262c35; --line: #4a5361; --own: #2c9c66; --peer: #4d7fe0; } }
text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, Ubuntu, sans-serif; fill: var(--text); }
.dim { fill: var(--dim); } .title { font-weight: 600; font-size: 13px; }
.ground { fill: var(--ground); } .grid { stroke: var(--grid); } .axis { stroke: var(--line); } .lead { stroke: var(--dim); }
.bar { stroke-width: 1.2; opacity: .55; }
.own.bar, .own.edge { stroke: var(--own); } .peer.bar, .peer.edge { stroke: var(--peer); }
.own.fill { fill: var(--own); } .peer.fill { fill: var(--peer); }
.letter { fill: #fff; font-weight: 600; font-size: 11px; }
`

// Plot returns an SVG of the median delay of each judge against its rate of false
// alarms, with their intervals, in one panel for each data set.
func Plot(rows []Row) string {
	var sets, judges []string
	for _, r := range rows {
		if !slices.Contains(sets, r.Set) {
			sets = append(sets, r.Set)
		}
		if !slices.Contains(judges, r.Judge) {
			judges = append(judges, r.Judge)
		}
	}
	width := panelWidth * float64(max(1, len(sets)))
	height := panelHeight + legendLine*float64(len(judges)+1) + 12
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" role="img" aria-label="Median delay and false alarms of each judge"><style>%s</style>`, width, height, width, height, style)
	fmt.Fprintf(&b, `<rect class="ground" width="%.0f" height="%.0f"/>`, width, height)
	for i, set := range sets {
		p := newPanel(panelWidth*float64(i), set, rows)
		p.draw(&b, judges)
	}
	legend(&b, sets, judges, rows)
	b.WriteString("</svg>\n")
	return b.String()
}

// A panel is one data set.
type panel struct {
	left   float64
	set    string
	rows   []Row
	lo, hi float64 // minutes
	top    float64 // highest rate
	taken  [][2]float64
}

func newPanel(left float64, set string, rows []Row) *panel {
	p := &panel{left: left, set: set, lo: math.Inf(1), hi: math.Inf(-1), top: .1}
	delay, alarms := column("delay"), column("FPR")
	for _, r := range rows {
		if r.Set != set {
			continue
		}
		p.rows = append(p.rows, r)
		p.top = math.Max(p.top, r.Intervals[alarms].High)
		if r.Delay > 0 {
			p.lo, p.hi = math.Min(p.lo, r.Intervals[delay].Low), math.Max(p.hi, r.Intervals[delay].High)
		}
	}
	if !(p.lo < p.hi) {
		p.lo, p.hi = 1, 10
	}
	p.lo, p.hi = math.Max(.1, p.lo)/1.3, p.hi*1.3
	p.top = math.Ceil(p.top*10) / 10
	return p
}

// column returns the index of a measure.
func column(name string) int {
	return slices.IndexFunc(measures, func(m measure) bool { return m.name == name })
}

func (p *panel) x(minutes float64) float64 {
	minutes = math.Max(p.lo, math.Min(p.hi, minutes))
	return p.left + padLeft + math.Log(minutes/p.lo)/math.Log(p.hi/p.lo)*(panelWidth-padLeft-padRight)
}

func (p *panel) y(rate float64) float64 {
	return panelHeight - padBottom - rate/p.top*(panelHeight-padTop-padBottom)
}

func (p *panel) draw(b *strings.Builder, judges []string) {
	base, right := p.y(0), p.left+panelWidth-padRight
	fmt.Fprintf(b, `<text class="title" x="%.1f" y="20">%s: %d bad, %d clean</text>`, p.left+padLeft, html.EscapeString(p.set), p.rows[0].Bad, p.rows[0].Clean)
	for rate := 0.0; rate < p.top+.001; rate += .1 {
		fmt.Fprintf(b, `<line class="grid" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, p.left+padLeft, right, p.y(rate), p.y(rate))
		fmt.Fprintf(b, `<text class="dim" text-anchor="end" x="%.1f" y="%.1f">%.0f%%</text>`, p.left+padLeft-7, p.y(rate)+4, 100*rate)
	}
	fmt.Fprintf(b, `<line class="axis" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, p.left+padLeft, right, base, base)
	for ten := .1; ten <= 1000; ten *= 10 {
		for _, m := range []float64{1, 2, 5} {
			if at := m * ten; at >= p.lo && at <= p.hi {
				fmt.Fprintf(b, `<line class="axis" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, p.x(at), p.x(at), base, base+4)
				fmt.Fprintf(b, `<text class="dim" text-anchor="middle" x="%.1f" y="%.1f">%.3g</text>`, p.x(at), base+17, at)
			}
		}
	}
	fmt.Fprintf(b, `<text class="dim" text-anchor="middle" x="%.1f" y="%.1f">median minutes to the first fail</text>`, (p.left+padLeft+right)/2, base+36)
	if p.left == 0 {
		fmt.Fprintf(b, `<text class="dim" text-anchor="middle" transform="translate(14 %.1f) rotate(-90)">clean rollouts failed</text>`, (padTop+base)/2)
	}
	for _, r := range p.rows {
		if r.Delay > 0 && r.Same == "" {
			p.taken = append(p.taken, [2]float64{p.x(r.Delay), p.y(r.FPR)})
		}
	}
	for _, r := range p.rows {
		p.point(b, r, slices.Index(judges, r.Judge))
	}
}

// point draws one judge: its two intervals and, next to them, its letter.
func (p *panel) point(b *strings.Builder, r Row, letter int) {
	if !(r.Delay > 0) || math.IsNaN(r.FPR) || r.Same != "" {
		return // nothing found, no clean rollouts, or drawn already
	}
	class := classOf(letter)
	delay, alarms := r.Intervals[column("delay")], r.Intervals[column("FPR")]
	x, y := p.x(r.Delay), p.y(r.FPR)
	fmt.Fprintf(b, `<line class="%s bar" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, class, p.x(delay.Low), p.x(delay.High), y, y)
	fmt.Fprintf(b, `<line class="%s bar" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, class, x, x, p.y(alarms.Low), p.y(alarms.High))
	fmt.Fprintf(b, `<circle class="%s fill" cx="%.1f" cy="%.1f" r="3.2"/>`, class, x, y)
	lx, ly := p.place(x, y)
	p.taken = append(p.taken, [2]float64{lx, ly})
	fmt.Fprintf(b, `<line class="lead" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, x, lx, y, ly)
	badge(b, lx, ly, letter)
}

// place returns a free position for a letter near a point.
func (p *panel) place(x, y float64) (letterX, letterY float64) {
	for far := 2.0; far < 8; far++ {
		for _, turn := range []float64{-.25, -.75, .25, .75, 0, -1, -.5, .5} {
			sin, cos := math.Sincos(turn * math.Pi)
			lx, ly := x+far*radius*cos, y+far*radius*sin
			room := lx-radius > p.left+padLeft && lx+radius < p.left+panelWidth && ly-radius > padTop-8 && ly+radius < panelHeight-padBottom+2
			for _, t := range p.taken {
				room = room && math.Hypot(t[0]-lx, t[1]-ly) > 2*radius
			}
			if room {
				return lx, ly
			}
		}
	}
	return x, y
}

// classOf returns the class of a judge: Andon is the first.
func classOf(letter int) string {
	if letter == 0 {
		return "own"
	}
	return "peer"
}

func badge(b *strings.Builder, x, y float64, letter int) {
	fmt.Fprintf(b, `<circle class="%s fill" cx="%.1f" cy="%.1f" r="%.1f"/>`, classOf(letter), x, y, radius)
	fmt.Fprintf(b, `<text class="letter" text-anchor="middle" x="%.1f" y="%.1f">%c</text>`, x, y+4, 'A'+letter)
}

// legend names the letters, and says how many bad rollouts each judge found: a short
// delay means little if it found few.
func legend(b *strings.Builder, sets, judges []string, rows []Row) {
	y := panelHeight + 12
	for i, set := range sets {
		fmt.Fprintf(b, `<text class="dim" x="%.1f" y="%.1f">%s: found, false alarms</text>`, 260+float64(i)*220, y, html.EscapeString(set))
	}
	for letter, judge := range judges {
		y += legendLine
		badge(b, 24, y-4, letter)
		fmt.Fprintf(b, `<text x="42" y="%.1f">%s</text>`, y, html.EscapeString(judge))
		for i, set := range sets {
			for _, r := range rows {
				if r.Set != set || r.Judge != judge {
					continue
				}
				said := fmt.Sprintf("%.0f%%, %.0f%%", 100*r.Recall, 100*r.FPR)
				if r.Same != "" {
					said = fmt.Sprintf("the same as %c", 'A'+slices.Index(judges, r.Same))
				}
				fmt.Fprintf(b, `<text x="%.1f" y="%.1f">%s</text>`, 260+float64(i)*220, y, said)
			}
		}
	}
}
