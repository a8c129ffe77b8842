package analysis

import (
	"context"
	"time"
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

// seen lists the groups.
func (b *lineComparison) seen() []Seen {
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
func (a lineSource) Survey(ctx context.Context, s Service, sig Signal, r Range) ([]Seen, error) {
	c := Comparison{Service: s.Name, Signal: sig, Node: s.Node, Version: s.Version, Since: r.End.Add(time.Nanosecond), Step: s.Bin()}
	b, _, err := a.read(ctx, c, r)
	if err != nil {
		return nil, err
	}
	return b.seen(), nil
}
