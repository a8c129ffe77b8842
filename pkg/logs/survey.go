package logs

import (
	"context"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
)

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

// Seen lists the groups.
func (b *Comparison) Seen() []Seen {
	var out []Seen
	for _, id := range andon.SortedKeys(b.groups) {
		g := b.groups[id]
		s := Seen{
			Signal: b.Spec.Signal.Name, ID: id, Name: b.title(g), Crash: b.Crashes(), First: g.sides[deviation.ControlSide].first,
			Control: g.sides[deviation.ControlSide].lines > 0, Candidate: g.sides[deviation.CandidateSide].lines > 0, Gone: b.class(g) == andon.ClassGone,
		}
		if !s.Control {
			s.First = g.sides[deviation.CandidateSide].first
		}
		out = append(out, s)
	}
	return out
}

// Survey returns what all nodes of a service show of a signal over a range, of
// whatever version: what the catalogue learns while no rollout is under way.
func (a Source) Survey(ctx context.Context, s andon.Service, sig andon.Signal, r andon.Range) ([]Seen, error) {
	c := andon.Comparison{Service: s.Name, Signal: sig, Node: s.Node, Version: s.Version, Since: r.End.Add(time.Nanosecond), Step: s.Bin()}
	b, _, err := a.read(ctx, c, r)
	if err != nil {
		return nil, err
	}
	return b.Seen(), nil
}
