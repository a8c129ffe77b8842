package board

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/andon-project/andon/pkg/andon"
)

var promQL = parser.NewParser(parser.Options{})

// ByVersion is the Tool of rollouts that were seen in a version label.
const ByVersion = "version-label"

// GoneFor is how long a version must be without samples, while others have
// some, to be gone. It is Prometheus' default lookback: shorter gaps can be
// those of the data.
const GoneFor = 5 * time.Minute

// VersionQuery returns the query for the nodes by version: a count over the
// first series that the service's first metric signal selects, or its
// exposure does: a version without errors has requests. It is false for a
// service without such a signal.
func VersionQuery(svc andon.Service) (string, bool) {
	for _, sig := range svc.Signals {
		if sig.Metric == "" {
			continue
		}
		e, err := promQL.ParseExpr(cmp.Or(sig.Per, sig.Metric))
		if err != nil {
			return "", false
		}
		var found string
		parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
			if v, ok := n.(*parser.VectorSelector); ok && found == "" {
				plain := parser.VectorSelector{Name: v.Name, LabelMatchers: v.LabelMatchers}
				found = plain.String()
			}
			return nil
		})
		return fmt.Sprintf("count by (%s) (%s)", svc.Version, found), found != ""
	}
	return "", false
}

// nodesOf returns on how many nodes each version was at each step of r.
func nodesOf(m model.Matrix, label string, r andon.Range) map[string][]float64 {
	steps := int(r.End.Sub(r.Start)/r.Step) + 1
	out := make(map[string][]float64)
	for _, series := range m {
		version := string(series.Metric[model.LabelName(label)])
		if version == "" {
			continue
		}
		if out[version] == nil {
			out[version] = make([]float64, steps)
		}
		for _, p := range series.Values {
			if i := int(p.Timestamp.Time().Sub(r.Start) / r.Step); i >= 0 && i < steps && p.Value > 0 {
				out[version][i] = float64(p.Value)
			}
		}
	}
	return out
}

// rolloutsIn returns the rollouts of a service that the numbers of its nodes by
// version over r show, oldest first.
func rolloutsIn(service string, nodes map[string][]float64, r andon.Range) []andon.Rollout {
	var out []andon.Rollout
	for _, c := range appearances(presenceOf(nodes), r) {
		out = append(out, c.rollout(service))
	}
	return out
}

// presenceOf returns at which steps each version had samples.
func presenceOf(nodes map[string][]float64) map[string][]bool {
	out := make(map[string][]bool, len(nodes))
	for version, counts := range nodes {
		here := make([]bool, len(counts))
		for i, n := range counts {
			here[i] = n > 0
		}
		out[version] = here
	}
	return out
}

// An appearance is a version that came while another was there.
type appearance struct {
	version, previous string
	at                time.Time // of its first sample
	together          bool      // whether previous was still there then
	gone              time.Time // when it had no sample any more; zero if it has
}

// appearances returns those that a presence of versions shows, oldest
// first. They follow from the data alone, so that a restart sees the same.
//
// A version comes when it has a sample after GoneFor without any, during most
// of which some other version had samples: what reappears after a gap in all
// data, or ran all along, did not come.
func appearances(presence map[string][]bool, r andon.Range) []appearance {
	width := max(int(GoneFor/r.Step), 1)
	var out []appearance
	for version, here := range presence {
		for i := width; i < len(here); i++ {
			if !here[i] || slices.Contains(here[i-width:i], true) {
				continue
			}
			previous, seen := mostPresent(presence, version, i-width, i)
			if 2*seen < width {
				continue
			}
			c := appearance{version: version, previous: previous, at: r.Start.Add(time.Duration(i) * r.Step), together: presence[previous][i]}
			if g := leaves(presence, version, i, width); g > 0 {
				c.gone = r.Start.Add(time.Duration(g) * r.Step)
			}
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b appearance) int {
		if d := a.at.Compare(b.at); d != 0 {
			return d
		}
		return strings.Compare(a.version, b.version)
	})
	return out
}

// mostPresent returns the version other than except that had samples at most steps of
// [from, to), and at how many; of equals the one that was there last.
func mostPresent(presence map[string][]bool, except string, from, to int) (version string, steps int) {
	last := -1
	for v, here := range presence {
		if v == except {
			continue
		}
		n, newest := 0, -1
		for i := from; i < to; i++ {
			if here[i] {
				n, newest = n+1, i
			}
		}
		if n > steps || n == steps && n > 0 && (newest > last || newest == last && v > version) {
			version, steps, last = v, n, newest
		}
	}
	return version, steps
}

// leaves returns the first step from which a version, there at step from, has
// no samples for width steps while others have; 0 if it stays.
func leaves(presence map[string][]bool, version string, from, width int) int {
	here := presence[version]
	for i := from + 1; i+width <= len(here); i++ {
		if slices.Contains(here[i:i+width], true) {
			continue
		}
		if _, seen := mostPresent(presence, version, i, i+width); 2*seen >= width {
			return i
		}
	}
	return 0
}

// rollout returns what appeared as the rollout that is announced.
func (c appearance) rollout(service string) andon.Rollout {
	ro := andon.Rollout{
		ID:      idOf(service) + "-" + idOf(c.version) + "-" + c.at.UTC().Format("20060102T150405Z"),
		Service: service, Version: c.version, Previous: c.previous, Strategy: andon.Auto,
		Started: c.at.UTC(), Stages: []time.Time{c.at.UTC()}, Ended: c.gone.UTC(), Tool: ByVersion,
	}
	if c.together {
		ro.Strategy = andon.Rolling
	}
	return ro
}

// idOf returns a text as it may stand in a rollout's id.
func idOf(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 && (r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '.' || r == '_' || r == '-') {
			return r
		}
		return '-'
	}, s)
}
