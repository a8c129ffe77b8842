package exporter

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/andon-project/andon/pkg/analysis"
)

// byVersion is the Tool of rollouts that were seen in a version label.
const byVersion = "version-label"

// goneFor is how long a version must be without samples, while others have
// some, to be gone. It is Prometheus' default lookback: shorter gaps can be
// those of the data.
const goneFor = 5 * time.Minute

// discover announces the rollouts that show as a new value of a service's
// version label.
func (e *Exporter) discover(ctx context.Context, s *setup, now time.Time) {
	if now.Sub(e.judge.looked) < leastStep(s.config) && !now.Before(e.judge.looked) {
		return // no newer sample can be there
	}
	e.judge.looked = now
	for _, svc := range s.config.Services {
		if svc.Version == "" {
			continue
		}
		if err := e.discoverIn(ctx, s, svc, now); err != nil {
			e.log.Warn("versions not looked for", "service", svc.Name, "error", err)
		}
	}
}

func leastStep(c *Config) time.Duration {
	least := time.Minute
	for _, s := range c.Services {
		least = min(least, stepOf(s))
	}
	return least
}

func stepOf(s Service) time.Duration {
	if s.Step > 0 {
		return time.Duration(s.Step)
	}
	return time.Minute
}

func (e *Exporter) discoverIn(ctx context.Context, s *setup, svc Service, now time.Time) error {
	query, ok := versionQuery(svc)
	if !ok {
		return nil
	}
	step := stepOf(svc)
	end := now.Truncate(step) // on one grid, so that what was seen once is seen at the same time again
	r := analysis.Range{Start: end.Add(-time.Duration(s.config.Bake) - 2*goneFor).Truncate(step), End: end, Step: step}
	answer, err := s.ask(ctx, query, r)
	if err != nil {
		return err
	}
	board := e.board.Load()
	known := board.List(now)
	nodes := nodesOf(answer, svc.Version, r)
	for _, c := range appearances(presenceOf(nodes), r) {
		ro := c.rollout(svc)
		same := func(k analysis.Rollout) bool {
			return k.Service == ro.Service && k.Version == ro.Version && !k.Started.After(ro.Started.Add(goneFor)) &&
				(k.Ended.IsZero() || k.Ended.After(ro.Started.Add(-goneFor)))
		}
		if i := slices.IndexFunc(known, same); i >= 0 {
			// An announcement of the same change by a delivery tool stands; ours
			// ends once its version is gone.
			if known[i].Tool != byVersion || c.gone.IsZero() || !known[i].Ended.IsZero() {
				continue
			}
			ro = analysis.Rollout{ID: known[i].ID, Service: ro.Service, Ended: ro.Ended}
		}
		if err := checkVersion(ro.Version); err != nil {
			e.log.Warn("version not announced", "service", svc.Name, "version", ro.Version, "error", err)
			continue
		}
		if _, _, err := e.announce(ctx, ro, now); err != nil {
			return fmt.Errorf("announcing %s: %w", ro.ID, err)
		}
	}
	for _, ro := range board.UnderWay(now) {
		if ro.Service != svc.Name || ro.Tool != byVersion {
			continue
		}
		if at := lastGrowth(nodes, ro, r); !at.IsZero() {
			if _, _, err := e.announce(ctx, analysis.Rollout{ID: ro.ID, Service: ro.Service, Stages: []time.Time{at}}, now); err != nil {
				return fmt.Errorf("announcing a stage of %s: %w", ro.ID, err)
			}
		}
	}
	return nil
}

// lastGrowth returns when the new version of a rollout last came to more nodes
// than before, next to the previous one: it still goes out, and has not begun
// to bake. It is the zero time within goneFor of the last stage known, lest
// every node be a stage.
func lastGrowth(nodes map[string][]float64, ro analysis.Rollout, r analysis.Range) time.Time {
	most, grown := 0., time.Time{}
	for i, n := range nodes[ro.Version] {
		at := r.Start.Add(time.Duration(i) * r.Step)
		beside := nodes[ro.Previous]
		if n > most && at.After(ro.Started) && beside != nil && beside[i] > 0 {
			grown = at
		}
		most = max(most, n)
	}
	last := ro.Started
	if len(ro.Stages) > 0 {
		last = ro.Stages[len(ro.Stages)-1]
	}
	if grown.Sub(last) < goneFor {
		return time.Time{}
	}
	return grown
}

// versionQuery returns the query for the nodes by version: a count over the
// first series that the service's first metric signal selects, or its
// exposure does: a version without errors has requests.
func versionQuery(svc Service) (string, bool) {
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
func nodesOf(m model.Matrix, label string, r analysis.Range) map[string][]float64 {
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

// A change is a version that came while another was there.
type change struct {
	version, previous string
	at                time.Time // of its first sample
	together          bool      // whether previous was still there then
	gone              time.Time // when it had no sample any more; zero if it has
}

// appearances returns the changes that a presence of versions shows, oldest
// first. They follow from the data alone, so that a restart sees the same.
//
// A version comes when it has a sample after goneFor without any, during most
// of which some other version had samples: what reappears after a gap in all
// data, or ran all along, did not come.
func appearances(presence map[string][]bool, r analysis.Range) []change {
	width := max(int(goneFor/r.Step), 1)
	var out []change
	for version, here := range presence {
		for i := width; i < len(here); i++ {
			if !here[i] || slices.Contains(here[i-width:i], true) {
				continue
			}
			previous, seen := mostSeen(presence, version, i-width, i)
			if 2*seen < width {
				continue
			}
			c := change{version: version, previous: previous, at: r.Start.Add(time.Duration(i) * r.Step), together: presence[previous][i]}
			if g := leaves(presence, version, i, width); g > 0 {
				c.gone = r.Start.Add(time.Duration(g) * r.Step)
			}
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b change) int {
		if d := a.at.Compare(b.at); d != 0 {
			return d
		}
		return strings.Compare(a.version, b.version)
	})
	return out
}

// mostSeen returns the version other than but that was there at most steps of
// [from, to), and at how many; of equals the one that was there last.
func mostSeen(presence map[string][]bool, but string, from, to int) (version string, steps int) {
	last := -1
	for v, here := range presence {
		if v == but {
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
		if _, seen := mostSeen(presence, version, i, i+width); 2*seen >= width {
			return i
		}
	}
	return 0
}

// rollout returns the change as the rollout that is announced.
func (c change) rollout(svc Service) analysis.Rollout {
	ro := analysis.Rollout{
		ID:      idOf(svc.Name) + "-" + idOf(c.version) + "-" + c.at.UTC().Format("20060102T150405Z"),
		Service: svc.Name, Version: c.version, Previous: c.previous, Strategy: analysis.Auto,
		Started: c.at.UTC(), Stages: []time.Time{c.at.UTC()}, Ended: c.gone.UTC(), Tool: byVersion,
	}
	if c.together {
		ro.Strategy = analysis.Rolling
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
