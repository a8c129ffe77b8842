package report

import (
	"fmt"
	"html/template"
	"math"
	"strings"
	"time"
)

// Size and margins of a chart in its own units; the page scales it.
const (
	width, height            = 960.0, 250.0
	left, right, top, bottom = 78.0, 14.0, 38.0, 40.0
)

// A canvas is a chart with a time axis and a value axis.
type canvas struct {
	b        strings.Builder
	from, to float64 // Unix seconds
	lo, hi   float64
	clamped  bool // a value lay outside [lo, hi] and was drawn at its edge
}

func newCanvas(from, to time.Time, lo, hi float64) *canvas {
	c := &canvas{from: seconds(from), to: seconds(to), lo: lo, hi: hi}
	if c.to <= c.from {
		c.to = c.from + 1
	}
	if !(c.hi > c.lo) {
		c.hi = c.lo + 1
	}
	return c
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// x and y return where a time and a value lie.
func (c *canvas) x(t float64) float64 {
	return left + (t-c.from)/(c.to-c.from)*(width-left-right)
}

func (c *canvas) y(v float64) float64 {
	if v < c.lo || v > c.hi {
		c.clamped = true
		v = math.Max(c.lo, math.Min(c.hi, v))
	}
	return height - bottom - (v-c.lo)/(c.hi-c.lo)*(height-top-bottom)
}

func (c *canvas) line(class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(&c.b, `<line class="%s" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`, class, x1, y1, x2, y2)
}

func (c *canvas) text(class, anchor string, x, y float64, s string) {
	fmt.Fprintf(&c.b, `<text class="%s" text-anchor="%s" x="%.1f" y="%.1f">%s</text>`, class, anchor, x, y, template.HTMLEscapeString(s))
}

// zone fills the values from a to b over the whole width.
func (c *canvas) zone(class string, a, b float64) {
	a, b = math.Max(a, c.lo), math.Min(b, c.hi)
	if b <= a {
		return
	}
	fmt.Fprintf(&c.b, `<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`, class, left, c.y(b), width-left-right, c.y(a)-c.y(b))
}

// axes draws both axes with their ticks, and what is measured above the left.
func (c *canvas) axes(values []tick, what string) {
	for _, t := range values {
		y := c.y(t.at)
		c.line("grid", left, y, width-right, y)
		c.text("", "end", left-8, y+4, t.text)
	}
	base := height - bottom
	c.line("axis", left, base, width-right, base)
	c.text("", "start", 4, 13, what)
	from, to := time.Unix(int64(math.Ceil(c.from)), 0), time.Unix(int64(c.to), 0)
	for _, t := range timeTicks(from, to, 10) {
		x := c.x(t.at)
		c.line("axis", x, base, x, base+4)
		// A label at the very edge would be cut off.
		c.text("", "middle", math.Min(x, width-right-14), base+17, t.text)
	}
	date := from.UTC().Format("2006-01-02")
	if last := to.UTC().Format("2006-01-02"); last != date {
		date += " to " + last
	}
	c.text("", "end", width-right, height-5, date+", UTC")
}

// A mark is a time that is marked over the whole height of a chart.
type mark struct {
	at   time.Time
	text string
	main bool
}

// marks draws the marks inside the chart. A label that would run into the one
// before is left out.
func (c *canvas) marks(all []mark) {
	free := left
	for _, m := range all {
		at := seconds(m.at)
		if at < c.from || at > c.to {
			continue
		}
		class := "stage"
		if m.main {
			class = "begin"
		}
		x := c.x(at)
		c.line(class, x, top-6, x, height-bottom)
		// 6.8 is the mean width of a letter of this font.
		w := float64(len([]rune(m.text))) * 6.8
		pos := math.Min(x+3, width-right-w)
		if pos >= free {
			c.text("", "start", pos, top-8, m.text)
			free = pos + w + 6
		}
	}
}

// curve draws one line; a NaN, or a hole of more than gap seconds, leaves a
// gap, and a point alone is drawn as a dot.
func (c *canvas) curve(class, title string, times, values []float64, gap float64) {
	var path, dots strings.Builder
	for _, run := range runs(times, values, gap) {
		if run[1]-run[0] == 1 {
			fmt.Fprintf(&dots, `<circle class="dot %s" cx="%.1f" cy="%.1f" r="1.8"/>`, class, c.x(times[run[0]]), c.y(values[run[0]]))
			continue
		}
		for i := run[0]; i < run[1]; i++ {
			letter := 'L'
			if i == run[0] {
				letter = 'M'
			}
			fmt.Fprintf(&path, "%c%.1f %.1f", letter, c.x(times[i]), c.y(values[i]))
		}
	}
	fmt.Fprintf(&c.b, `<g><title>%s</title>`, template.HTMLEscapeString(title))
	if path.Len() > 0 {
		fmt.Fprintf(&c.b, `<path class="curve %s" d="%s"/>`, class, path.String())
	}
	c.b.WriteString(dots.String() + `</g>`)
}

// band fills between low and high, with gaps as in curve.
func (c *canvas) band(times, low, high []float64, gap float64) {
	both := make([]float64, len(times))
	for i := range both {
		both[i] = low[i] + high[i]
	}
	for _, run := range runs(times, both, gap) {
		fmt.Fprint(&c.b, `<path class="band" d="`)
		letter := 'M'
		for i := run[0]; i < run[1]; i++ {
			fmt.Fprintf(&c.b, "%c%.1f %.1f", letter, c.x(times[i]), c.y(high[i]))
			letter = 'L'
		}
		for i := run[1] - 1; i >= run[0]; i-- {
			fmt.Fprintf(&c.b, "L%.1f %.1f", c.x(times[i]), c.y(low[i]))
		}
		fmt.Fprint(&c.b, `Z"/>`)
	}
}

// svg ends the chart and returns it.
func (c *canvas) svg(label string) template.HTML {
	return template.HTML(fmt.Sprintf(`<svg viewBox="0 0 %.0f %.0f" role="img" aria-label="%s">`, width, height, template.HTMLEscapeString(label)) + c.b.String() + `</svg>`)
}

// runs returns the index ranges [from, to) of values without a break.
func runs(times, values []float64, gap float64) [][2]int {
	var out [][2]int
	open := -1
	for i, v := range values {
		bad := math.IsNaN(v)
		if open >= 0 && (bad || times[i]-times[i-1] > gap) {
			out = append(out, [2]int{open, i})
			open = -1
		}
		if !bad && open < 0 {
			open = i
		}
	}
	if open >= 0 {
		out = append(out, [2]int{open, len(values)})
	}
	return out
}
