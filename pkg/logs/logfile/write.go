package logfile

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/logs/cluster"
)

// WriteTSV writes a line for each line of the file, CLUSTER_ID <tab> TEMPLATE.
// A line in no cluster has the id 0 and no template.
func (s *Survey) WriteTSV(w io.Writer) error {
	out := bufio.NewWriterSize(w, 1<<16)
	texts := make(map[cluster.ID]string)
	for _, c := range s.clusters.Clusters() {
		texts[c.ID] = c.Template
	}
	ids := make(map[cluster.ID]string)
	for _, id := range s.lineIDs {
		text, ok := ids[id]
		if !ok {
			now := s.clusters.Resolve(id)
			text = now.String() + "\t" + texts[now] + "\n"
			ids[id] = text
		}
		if _, err := out.WriteString(text); err != nil {
			return err
		}
	}
	return out.Flush()
}

// jsonRow is a Row as JSON.
type jsonRow struct {
	ID       string      `json:"id"`
	Template string      `json:"template"`
	Count    int64       `json:"count"`
	Share    float64     `json:"share"`
	First    string      `json:"first,omitempty"`
	Last     string      `json:"last,omitempty"`
	Example  string      `json:"example"`
	Class    andon.Class `json:"class,omitempty"`
	Was      *int64      `json:"was,omitempty"`
	Ratio    *float64    `json:"ratio,omitempty"`
	Evidence *float64    `json:"evidence_log,omitempty"`
}

// WriteJSON writes a line of JSON for each cluster.
func (r Report) WriteJSON(w io.Writer) error {
	out := bufio.NewWriter(w)
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	for i := range r.Rows {
		row := &r.Rows[i]
		j := jsonRow{ID: row.ID.String(), Template: valid(row.Template), Count: row.Count, Share: row.Share, First: valid(row.First), Last: valid(row.Last), Example: valid(row.Example), Class: row.Class}
		if r.Compared {
			j.Was, j.Evidence = &row.Was, &row.LogE
			if !math.IsNaN(row.Ratio) {
				j.Ratio = &row.Ratio
			}
		}
		if err := e.Encode(j); err != nil {
			return err
		}
	}
	return out.Flush()
}

// WriteTable writes the clusters as a table for people, at most top of them; all if
// top is 0.
func (r Report) WriteTable(w io.Writer, top int) error {
	out := bufio.NewWriter(w)
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	head := "COUNT\tSHARE\tFIRST\tLAST\tID\tCLUSTER AND EXAMPLE\n"
	if r.Compared {
		head = "CLASS\tCOUNT\tWAS\tRATIO\t" + strings.TrimPrefix(head, "COUNT\t")
	}
	fmt.Fprint(t, head)
	rows := r.Rows
	if top > 0 && len(rows) > top {
		rows = rows[:top]
	}
	for i := range rows {
		row := &rows[i]
		blank := "\t\t\t\t\t"
		if r.Compared {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t", className(row.Class), commas(row.Count), commas(row.Was), ratio(row.Ratio))
			blank = "\t\t\t" + blank
		} else {
			fmt.Fprintf(t, "%s\t", commas(row.Count))
		}
		fmt.Fprintf(t, "%.1f%%\t%s\t%s\t%s\t%s\n", 100*row.Share, dash(row.First), dash(row.Last), row.ID, clip(row.Template))
		if row.Example != row.Template {
			fmt.Fprintf(t, "%s%s\n", blank, "  "+clip(row.Example))
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%s in %s", plural(r.Lines, "line"), plural(int64(len(r.Rows)), "cluster"))
	if r.Compared {
		fmt.Fprintf(out, ", compared with %s", plural(r.OldLines, "old line"))
		for _, c := range andon.Classes {
			n := int64(0)
			for i := range r.Rows {
				if r.Rows[i].Class == c {
					n++
				}
			}
			fmt.Fprintf(out, "; %s %s", commas(n), strings.ToLower(className(c)))
		}
	}
	if r.NotKept > 0 {
		fmt.Fprintf(out, "; %s in no cluster, for lack of room", plural(r.NotKept, "line"))
	}
	if len(rows) < len(r.Rows) {
		fmt.Fprintf(out, "; this shows the first %d clusters, --top=0 shows all", len(rows))
	}
	fmt.Fprintln(out)
	return out.Flush()
}

// maxText is how many characters of a template are shown in a table.
const maxText = 160

// clip returns text as one line of at most maxText characters.
func clip(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == utf8.RuneError || r == 0x7f {
			return '�'
		}
		return r
	}, text)
	if utf8.RuneCountInString(text) <= maxText {
		return text
	}
	return string([]rune(text)[:maxText-1]) + "…"
}

func className(c andon.Class) string {
	switch c {
	case andon.ClassUnknown:
		return "Unknown"
	case andon.ClassUnexpectedFrequency:
		return "Unexpected Frequency"
	case andon.ClassGone:
		return "Gone"
	default:
		return "Known"
	}
}

func dash(text string) string {
	if text == "" {
		return "-"
	}
	return clip(text)
}

func ratio(x float64) string {
	switch {
	case math.IsNaN(x):
		return "-"
	case x >= 10:
		return fmt.Sprintf("×%.0f", x)
	}
	return fmt.Sprintf("×%.2g", x)
}

func valid(text string) string { return strings.ToValidUTF8(text, "�") }

func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return commas(n) + " " + noun + "s"
}

// commas writes n with a comma before every three digits.
func commas(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
