package analysis

import (
	"math"
	"reflect"
	"time"
)

// A course is what is known of one rollout under way: a fold over its bins.
type course struct {
	rollout  Rollout
	service  Service
	division division
	lessons  []Lesson // of rollouts of the service that passed before
	strategy Strategy // taken
	step     time.Duration
	first    int64 // bin that the fold begins with
	decided  int64 // last bin decided on

	signals []*tracker
	readers []*reader // of logs and crashes
	missing *missing  // nil without another signal beside that which tells who serves
	absence *absence  // nil without a signal that tells who serves
	flights []*flight
	twins   map[string]bool
	adopted map[string]time.Time // when each candidate node was first seen
	fresh   []*tracker           // that folded the bin folded last

	logE, peak float64
	blame      float64
	suspects   []suspect          // the rollouts that overlap, or did
	met        map[string]float64 // of each that was weighed against a rollout without control, the most evidence
	beside     []*course          // all that are judged together

	dependencies *Dependencies // of the service, as known now; nil if nobody asked
	trail        []Point
	staging      staging
	places       places
	firstFail    *time.Time
	failWeight   float64 // highest since
	calibration  *Calibration
	failReason   string
}

// newCourse prepares to judge u from its start.
func (a *Analyzer) newCourse(u Underway) *course {
	c := &course{rollout: u.Rollout, service: u.Service, step: u.Service.Bin(), twins: map[string]bool{}, adopted: map[string]time.Time{}, met: map[string]float64{}}
	c.lessons = u.Lessons
	c.division = divide(u.Rollout, u.Service)
	c.strategy = c.division.taken
	c.first = binFrom(u.Rollout.Started, c.step)
	c.decided = c.first - 1
	w := weights(u.Service.Signals)
	for i, sig := range u.Service.Signals {
		if sig.Metric != "" {
			c.signals = append(c.signals, a.newTracker(c, sig, w[i]))
		} else {
			c.readers = append(c.readers, a.newReader(c, sig, w[i]))
		}
	}
	if c.concurrent() {
		c.absence = newAbsence(c, u.Startups)
		c.missing = newMissing(c)
	}
	c.flights = a.newFlights(c)
	return c
}

// same reports whether u is judged as c is: what may change on the way are
// stages, the end, who calls whom, and what is for people.
func (c *course) same(u Underway) bool {
	r, s := u.Rollout, c.rollout
	u.Service.DependsOn = c.service.DependsOn
	return r.Service == s.Service && r.Strategy == s.Strategy && r.Started.Equal(s.Started) &&
		r.Baseline.equal(s.Baseline) && reflect.DeepEqual(divide(r, u.Service), c.division) &&
		reflect.DeepEqual(u.Service, c.service)
}

// concurrent reports whether candidate and control run at the same time.
func (c *course) concurrent() bool {
	return c.strategy != BeforeAfter && c.strategy != Threshold
}

// lastBin returns the last bin that may be looked at by now.
func (c *course) lastBin(now time.Time) int64 {
	if !c.rollout.Ended.IsZero() && c.rollout.Ended.Before(now) {
		now = c.rollout.Ended
	}
	if end, ok := c.rollout.baselineEnd(); ok && end.Before(now) {
		now = end // there is no control beyond it
	}
	return binAt(now, c.step)
}

func (c *course) underwayAt(t time.Time) bool {
	return !t.Before(c.rollout.Started) && (c.rollout.Ended.IsZero() || !t.After(c.rollout.Ended))
}

// nextTime returns the time of the earliest bin that can be folded.
func (c *course) nextTime(now time.Time) (time.Time, bool) {
	next := c.decided + 1
	for _, s := range c.signals {
		if s.ready() && s.next < next {
			next = s.next // it was late
		}
	}
	for _, r := range c.readers {
		if r.ready() && r.next < next {
			next = r.next
		}
	}
	return binTime(next, c.step), next <= c.lastBin(now)
}

// fold takes in the bin of each signal that has it, and reports whether the
// bin is to be decided on: it is not while late samples catch up.
func (c *course) fold(at time.Time) bool {
	number := binAt(at, c.step)
	known := c.rollout.AsOf(at)
	if number > c.decided {
		c.turn(known)
	}
	b := bin{at: at, number: number, stage: known.FirstStage(), twins: c.twins}
	if c.concurrent() && c.strategy != LoadTest {
		c.findTwins(number)
	}
	c.fresh = c.fresh[:0]
	for _, s := range c.signals {
		if s.ready() && s.next == number {
			s.fold(c, b)
			c.fresh = append(c.fresh, s)
		}
	}
	for _, r := range c.readers {
		if r.ready() && r.next == number {
			r.fold(b, c.running(number))
		}
	}
	if c.missing != nil {
		c.missing.fold(b, c.signals)
	}
	if number < c.decided {
		return false
	}
	c.decided = number
	c.logE = c.combined()
	c.peak = max(c.peak, c.logE)
	c.trail = keep(c.trail, Point{at, c.logE})
	c.decidePlaces()
	return true
}

// findTwins leaves out control nodes from this bin on that show the same
// values, to the last digit and not zero, as a candidate node in two or more
// continuous signals: a measurement under two names is not a control. It takes
// two signals because idle nodes share zeros and nodes of one host its memory.
func (c *course) findTwins(bin int64) {
	type pair struct{ candidate, control string }
	equal := map[pair]int{}
	for _, s := range c.signals {
		if s.kind == Failures || s.kind == Counts || s.kind == Crashes || !s.ready() || s.next != bin {
			continue
		}
		byValue := map[float64][]string{}
		for name, r := range s.cand.rows {
			if v := r.v[bin-s.cand.first]; v != 0 && known(v) {
				byValue[v] = append(byValue[v], name)
			}
		}
		for name, r := range s.ctrl.rows {
			for _, other := range byValue[r.v[bin-s.ctrl.first]] {
				equal[pair{other, name}]++
			}
		}
	}
	for p, n := range equal {
		if n >= 2 {
			c.twins[p.control] = true
		}
	}
}

// decide fails the rollout at a bin if it is time to, once and for all.
func (c *course) decide(at time.Time) {
	if c.firstFail != nil {
		c.failWeight = max(c.failWeight, c.weight())
		return
	}
	if c.ground(at) {
		return
	}
	for _, s := range c.signals {
		if s.breach != "" {
			c.fail(at, s.breach)
			c.failWeight = math.Inf(1)
			return
		}
	}
	if c.told(at) {
		return
	}
	switch alpha := c.service.Sensitivity.Alpha(); {
	case c.strategy == Threshold:
	case c.strategy == BeforeAfter:
		if c.logE >= c.cap()-1e-9 && c.posterior()[0] >= enoughBlame {
			c.fail(at, "")
		}
	case c.logE >= -math.Log(alpha) && c.blame >= enoughBlame:
		c.fail(at, "")
	}
}

func (c *course) fail(at time.Time, reason string) {
	c.firstFail, c.failReason, c.failWeight = &at, reason, c.weight()
	c.accuse()
}
