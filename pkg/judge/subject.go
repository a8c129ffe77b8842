package judge

import (
	"math"
	"slices"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
)

// A subject is a rollout with the service that it changes, and how the two are
// judged: what all parts of a trial have in common.
type subject struct {
	rollout      andon.Rollout
	service      andon.Service
	dependencies *andon.Dependencies // of the service, as known now; nil if nobody asked

	division andon.Division
	strategy andon.Strategy // taken
	step     time.Duration  // of a bin
	first    int64          // bin that the rollout begins with
}

func newSubject(u Underway) *subject {
	s := &subject{rollout: u.Rollout, service: u.Service, step: u.Service.Bin(), division: andon.Divide(u.Rollout, u.Service)}
	s.strategy = s.division.Taken
	s.first = deviation.BinFrom(u.Rollout.Started, s.step)
	return s
}

// concurrent reports whether candidate and control run at the same time.
func (s *subject) concurrent() bool { return s.strategy.Concurrent() }

// lastBin returns the last bin that may be looked at by now.
func (s *subject) lastBin(now time.Time) int64 {
	if !s.rollout.Ended.IsZero() && s.rollout.Ended.Before(now) {
		now = s.rollout.Ended
	}
	if end, ok := s.rollout.BaselineEnd(); ok && end.Before(now) {
		now = end // there is no control beyond it
	}
	return deviation.BinAt(now, s.step)
}

func (s *subject) underwayAt(t time.Time) bool {
	return !t.Before(s.rollout.Started) && (s.rollout.Ended.IsZero() || !t.After(s.rollout.Ended))
}

// needs returns the logarithm of the evidence that fails the rollout.
func (s *subject) needs() float64 {
	return math.Log(s.service.Sensitivity.Needs(s.strategy))
}

// limit returns the logarithm of the most that evidence without a control may be.
func (s *subject) limit() float64 { return math.Log(s.service.Sensitivity.Needs(andon.BeforeAfter)) }

// mayCall returns 0 if it is known that the service does not call the other's,
// else 1; any service may be thought to call itself. Only people can say that a
// service calls no others: calls that no query shows may be rare, or not traced.
func (s *subject) mayCall(o *subject) float64 {
	if s.service.DependsOn == nil || s.excusedBy(o) {
		return 1
	}
	return 0
}

// excusedBy reports whether the other may keep this one, which has no control,
// from failing: it changes the same service, or one that is known to be called.
func (s *subject) excusedBy(o *subject) bool {
	name := o.service.Name
	return s.service.Name == name || slices.Contains(s.service.DependsOn, name) || s.dependencies.Has(name)
}

// divides reports whether nodes can be told apart by whether they have
// adopted the rollout.
func (s *subject) divides() bool { return s.concurrent() && s.service.Node != "" }

// sharesNodes reports whether another rollout may come to the same nodes: one
// of the same service, or of a service of another layer whose nodes are known
// by the same label, such as the hosts underneath. Services of one layer that
// run on the same hosts do not change each other.
func (s *subject) sharesNodes(o *subject) bool {
	a, b := s.service, o.service
	return s.divides() && o.divides() && a.Node == b.Node && (a.Name == b.Name || a.Layer != b.Layer)
}
