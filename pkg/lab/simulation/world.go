package simulation

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"sort"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/judge"
)

// epoch is when rollouts start: minute 0.
var epoch = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func at(minute int) time.Time { return epoch.Add(time.Duration(minute) * time.Minute) }

func stamp(minute int) model.Time {
	return model.TimeFromUnixNano(epoch.UnixNano()) + model.Time(minute)*60_000
}

const (
	history      = 80          // minutes before the start, a little more than the judge queries with a control
	timedHistory = 7 * 24 * 60 // the same without a control
)

// A world is one draw of a scenario: services, their series, and the rollouts under
// way. Its memory is used again for the next draw.
type world struct {
	s        Scenario
	services []service
	under    []judge.Underway
	bad      []bool            // each rollout
	effects  []Effect          // of the bad ones
	past     [][]time.Duration // start-ups of earlier rollouts of each service
	rows     map[string][]model.SampleStream
	arena    []model.SamplePair
	used     int
}

// draw draws world number i of the scenario anew.
func (w *world) draw(s Scenario, i int) {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s.Name)) // a hash never fails
	r := rand.New(rand.NewPCG(h.Sum64(), uint64(i)))
	w.s, w.used, w.rows = s, 0, make(map[string][]model.SampleStream)
	w.draft(r)
	w.under = w.under[:0]
	count := s.rollouts()
	if s.Shared {
		count = 1
	}
	for len(w.services) < count {
		w.services = append(w.services, service{})
	}
	w.services = w.services[:count]
	for k := range w.services {
		w.drawService(r, k)
	}
	for k := range s.rollouts() {
		w.under = append(w.under, w.underway(k))
	}
}

// draft draws which rollouts are bad, and their effects.
func (w *world) draft(r *rand.Rand) {
	n := w.s.rollouts()
	w.bad, w.effects = make([]bool, n), make([]Effect, n)
	for i, k := range r.Perm(n) {
		w.bad[k], w.effects[k] = i < w.s.Culprits, w.s.Effect
		if w.s.BadShare > 0 {
			w.bad[k], w.effects[k] = r.Float64() < w.s.BadShare, drawEffect(r, w.s)
		}
	}
}

func (w *world) drawService(r *rand.Rand, k int) {
	s, v := w.s, &w.services[k]
	v.s, v.r, v.before, v.effect = s, r, history, Effect{}
	switch {
	case s.Fleet.BeforeAfter:
		v.before = cmp.Or(s.Fleet.Past, timedHistory)
		v.nodes = []node{{metric: model.Metric{}, from: -v.before, to: s.minutes() + 1, adopted: make([]int, 1)}}
	case s.Fleet.Regions > 0:
		v.nodes = s.Fleet.regional(history, s.minutes())
	case s.Shared:
		v.nodes = s.Fleet.shared(r, s.rollouts(), history, s.minutes())
	default:
		v.nodes = s.Fleet.staged(history, s.minutes())
		w.past = w.past[:min(k, len(w.past))]
		if s.Fleet.Starts.Median > 0 {
			median := s.Fleet.Starts.median(r)
			delayStarts(r, v.nodes, median, s.minutes())
			var past []time.Duration
			for range s.Fleet.Starts.Past {
				past = append(past, time.Duration(median*math.Exp(startSpread*r.NormFloat64())*float64(time.Minute)))
			}
			w.past = append(w.past, past)
		}
	}
	v.bad = func(n *node, minute int) bool { return w.bad[k] && n.has(0, minute) }
	if w.bad[k] {
		v.effect = w.effects[k]
	}
	if s.Shared {
		culprit := -1
		for d, bad := range w.bad {
			if bad {
				culprit, v.effect = d, w.effects[d]
			}
		}
		v.bad = func(n *node, minute int) bool { return culprit >= 0 && n.has(culprit, minute) }
	}
	v.put = func(metric string, i int, samples []model.SamplePair) {
		name := w.metric(k, metric)
		if w.rows[name] == nil {
			w.rows[name] = make([]model.SampleStream, len(v.nodes))
		}
		w.rows[name][i] = model.SampleStream{Metric: v.nodes[i].metric, Values: samples}
	}
	v.room = w.room
	v.prepare()
	for _, sh := range s.Signals {
		v.draw(sh)
	}
}

// metric returns the name of a metric of service k.
func (w *world) metric(k int, name string) string {
	if len(w.services) == 1 {
		return name
	}
	return fmt.Sprintf("s%d_%s", k, name)
}

// room returns memory for n samples, valid until the next draw.
func (w *world) room(n int) []model.SamplePair {
	if w.used+n > len(w.arena) {
		w.arena, w.used = make([]model.SamplePair, max(2*len(w.arena), n, 1<<14)), 0
	}
	out := w.arena[w.used : w.used : w.used+n]
	w.used += n
	return out
}

// underway returns rollout k as its tool would announce it.
func (w *world) underway(k int) judge.Underway {
	s, service := w.s, k
	if s.Shared {
		service = 0
	}
	label := fmt.Sprintf("change%d", k)
	start := 0
	if s.Shared {
		start = s.Fleet.Offset * k
	}
	ro := andon.Rollout{
		ID: label, Service: fmt.Sprintf("service%d", service), Started: at(start), Strategy: andon.Canary,
		Candidate: andon.Selector{label: "new"}, Control: andon.Selector{label: "old"},
	}
	if s.Fleet.BeforeAfter {
		ro.Strategy, ro.Candidate, ro.Control = andon.BeforeAfter, nil, nil
	}
	if s.Fleet.Regions > 0 {
		ro.Strategy, ro.Candidate, ro.Control = andon.Auto, nil, nil
		ro.Scope = map[string]string{"region": regionName(0)}
	}
	for _, st := range s.Fleet.Stages {
		if !s.Fleet.Starts.Silent {
			ro.Stages = append(ro.Stages, at(st.At+arrival))
		}
	}
	svc := andon.Service{Name: ro.Service, Node: "node", Sensitivity: s.Sensitivity}
	if s.Fleet.Regions > 0 {
		svc.Scope = []string{"region"}
	}
	if s.WarmUp > 0 {
		d := model.Duration(time.Duration(s.WarmUp) * time.Minute)
		svc.WarmUp = &d
	}
	for _, sh := range s.Signals {
		svc.Signals = append(svc.Signals, sh.signal(w.metric(service, sh.Name), w.metric(service, sh.per())))
	}
	u := judge.Underway{Rollout: ro, Service: svc}
	if service < len(w.past) {
		u.Startups = w.past[service]
	}
	return u
}

// signal returns the signal as a person would configure it.
func (sh Shape) signal(metric, per string) andon.Signal {
	sig := andon.Signal{Name: sh.Name, Metric: metric, Kind: sh.Kind}
	if sh.Window > 1 {
		sig.Metric += fmt.Sprintf("[%dm]", sh.Window)
	}
	switch {
	case sh.Kind == andon.Counts && !sh.Bare:
		sig.Per = per
	case sh.Kind == andon.Failures:
		sig.Worse, sig.Unit = andon.Lower, "ratio"
	}
	if sh.Margin > 0 {
		sig.Margin = &sh.Margin
	}
	return sig
}

// resolve adds a selector of one label to a metric's name.
func resolve(expr string, s andon.Selector) (string, error) {
	for label, value := range s {
		return expr + "{" + label + "=" + value, nil
	}
	return expr, nil
}

// ask answers a query with the series of the nodes of a cohort, each for the minutes
// in which the node belonged to it.
func (w *world) ask(_ context.Context, expr string, r andon.Range) (model.Matrix, error) {
	name, selector, _ := strings.Cut(expr, "{")
	name, _, _ = strings.Cut(name, "[")
	rows, ok := w.rows[name]
	if !ok {
		return nil, fmt.Errorf("no metric is called %s", name)
	}
	label, value, _ := strings.Cut(selector, "=")
	rollout, service := 0, 0
	if selector != "" && label != "region" {
		if _, err := fmt.Sscanf(label, "change%d", &rollout); err != nil {
			return nil, fmt.Errorf("no label is called %s: %w", label, err)
		}
	}
	if !w.s.Shared {
		rollout, service = 0, rollout
	}
	nodes := w.services[service].nodes
	first, last := model.TimeFromUnixNano(r.Start.UnixNano()), model.TimeFromUnixNano(r.End.UnixNano())
	var out model.Matrix
	for i := range nodes {
		from, to := nodes[i].from, nodes[i].to
		switch {
		case label == "region":
			if (nodes[i].region == 0) == strings.HasPrefix(value, "!=") {
				continue
			}
		case selector != "":
			from, to = nodes[i].membership(rollout, value == "new")
		}
		lo, hi := max(first, stamp(from)), min(last+1, stamp(to))
		if v := rows[i].Values; to > from && lo < hi && len(v) > 0 {
			a := sort.Search(len(v), func(j int) bool { return v[j].Timestamp >= lo })
			b := sort.Search(len(v), func(j int) bool { return v[j].Timestamp >= hi })
			if a < b {
				out = append(out, &model.SampleStream{Metric: rows[i].Metric, Values: v[a:b]})
			}
		}
	}
	return out, nil
}
