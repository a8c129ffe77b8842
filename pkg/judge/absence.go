package judge

import (
	"fmt"
	"math"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/evidence"
	"github.com/andon-project/andon/pkg/stat"
)

const (
	// absentReserve is the share of the capital that signals are not bet with.
	absentReserve = .2
	// absentStake is the share of the capital in the signals that is staked on
	// candidate nodes not coming up once none has within the grace, and
	// reserveStake that of the reserve.
	absentStake  = .75
	reserveStake = .75
	// otherService is the weight of a start-up of another service: four of them
	// tell as much as one of the service's own.
	otherService = .25
	// fromStart is the number of warm-ups after the start within which 99% of
	// nodes serve, if no stage is known to be complete. Nodes of a complete stage
	// serve within one: they have only to be scraped and called.
	fromStart = 3
)

// absence weighs that no candidate node serves although control does.
//
// How long a healthy node takes beyond a grace of a third of the warm-up follows
// what is known of start-ups (stat.Startups): every bin without one multiplies a
// likelihood ratio X by how improbable it was that none would come up in it,
//
//	X ← X P(wait > t-1 | before) / P(wait > t | before)
//
// and a sample of any candidate node, if only NaN, makes it 0: X is a
// martingale if waits follow that law, and its mean shrinks if they are shorter.
// Bins in which control does not serve either tell nothing.
//
// It is bet with the same capital as the signals. Of a capital of 1 the share
// absentReserve is kept, the rest is in the signals, whose mean is M: the
// evidence is E = uM + v, at first with u = .8 and v = .2. The reserve is bet on
// single nodes that do not serve (see partialAbsence), and v is what it has become by
// that. At the first bin of a
// spell of absence that counts, shares f of the former and g of the latter, as
// they stood before it, are staked,
//
//	E = u(1-f) M + v(1-g) + (u f M_s + v g) X
//
// and when the spell ends the stake is lost. E is the worth of a portfolio of
// bets that do not grow on average, M/M_s and X, and of cash; what is held of
// each is settled before the bins in which it is bet. So E does not grow on
// average either, whatever the bets have to do with each other. Who comes up in
// time has lost nothing. M falls while signals speak for the rollout; the reserve
// is there so that nodes which vanish later are noticed all the same. Each later
// spell stakes half the share of M that the one before it did, so that nodes which
// come and go leave .11 of it at least.
type absence struct {
	*subject
	signal  *metricSignal
	partial *partialAbsence // nil without another signal
	peers   []*absence      // of all rollouts that are judged together; nil where there is none
	grace   time.Duration
	warm    time.Duration
	past    []time.Duration // start-ups of earlier rollouts of the service

	came           time.Time // first sample of any candidate node
	last           time.Time // latest
	spells         int       // that ended after something was staked
	bins           int       // of this spell that count
	since          time.Time // the first of them
	logX           float64
	blamed         time.Duration // how long it had lasted when the rollout failed for it
	controlServing int           // control nodes that served in the last bin that counts

	before  float64 // ln M after the bin decided on last
	held    float64 // and ln of what the reserve was multiplied by
	signals float64 // u
	reserve float64 // v
	stake   float64 // on this spell, or on the one that failed the rollout
	share   float64 // ln of what E owes to absence
}

// newAbsence watches the signal that tells who serves: the first inbound one
// of failures or counts, else the first that is not of memory, resources or
// crashes, whose series come and go as they like. It returns nil if there is none.
func newAbsence(s *subject, metrics metricSignals, past []time.Duration) *absence {
	var chosen *metricSignal
	for _, t := range metrics {
		serves := t.Kind == andon.Failures || t.Kind == andon.Counts
		switch {
		case t.Signal.Outbound(), t.Signal.Family == andon.StartUpFamily, t.Kind == andon.Memory, t.Kind == andon.Resource, t.Kind == andon.Crashes, t.Scale == nil:
		case chosen == nil, serves && chosen.Kind != andon.Failures && chosen.Kind != andon.Counts:
			chosen = t
		}
	}
	if chosen == nil {
		return nil
	}
	a := &absence{
		subject: s, signal: chosen, partial: newPartialAbsence(s, chosen, len(metrics)), past: past,
		grace: max(s.step, s.service.WarmUpTime()/3), warm: max(3*s.step, s.service.WarmUpTime()),
		signals: 1 - absentReserve, reserve: absentReserve, share: math.Inf(-1),
	}
	chosen.onFold = append(chosen.onFold, a.fold)
	return a
}

func (a *absence) fold(b evidence.Bin, cand, ctrl []deviation.Sample) {
	switch {
	case len(cand) > 0:
		if a.came.IsZero() {
			a.came = b.At
		}
		a.last = b.At
		if a.staked() {
			a.spells++
		}
		a.bins, a.logX = 0, 0
	case b.At.Before(deviation.Later(b.Stage, a.last).Add(a.grace)) || !deviation.Known(evidence.MeanOf(ctrl)):
	default:
		if a.bins == 0 {
			a.since = b.At
			a.bet()
		}
		a.bins++
		a.controlServing = serving(ctrl)
		waits := a.startups(b.At)
		t := a.span().Seconds()
		a.logX += waits.LogSurvival(t-a.step.Seconds()) - waits.LogSurvival(t)
	}
}

// within returns the time within which 99% of nodes serve, before any start-up
// was seen.
func (a *absence) within(at time.Time) time.Duration {
	if !a.came.IsZero() || len(a.rollout.AsOf(at).Stages) > 0 {
		return a.warm
	}
	return fromStart * a.warm
}

// startups returns what is known before a bin of how long nodes take: those of
// earlier rollouts of the service, of this one if a node came and went again, and
// of the other services whose rollouts are under way. That of a rollout is of the
// first of its nodes.
func (a *absence) startups(at time.Time) *stat.Startups {
	law := stat.NewStartups((a.within(at) - a.grace).Seconds())
	for _, d := range a.past {
		law.Add(d.Seconds(), 1)
	}
	seen := map[string]bool{}
	for _, o := range a.peers {
		if took, ok := o.startup(at); ok && !seen[o.rollout.ID] && o.underwayAt(at) {
			seen[o.rollout.ID] = true
			weight := 1.
			if o.service.Name != a.service.Name {
				weight = otherService
			}
			law.Add(took.Seconds(), weight)
		}
	}
	return law
}

// startup returns how long the first candidate node took to serve, from the
// first stage on or from the start if none is known, if it had by the bin
// before at. A node came up half a bin before it was seen, on average.
func (a *absence) startup(at time.Time) (time.Duration, bool) {
	if a == nil || a.came.IsZero() || !a.came.Before(at) {
		return 0, false
	}
	from := a.rollout.AsOf(a.came).FirstStage()
	return max(0, a.came.Sub(from)-a.step/2), true
}

// staked reports whether something is staked on absence.
func (a *absence) staked() bool { return a.bins > 0 }

// bet takes the stake on a spell out of the capital.
func (a *absence) bet() {
	f := math.Ldexp(absentStake, -a.spells)
	a.stake = a.signals*f*math.Exp(a.before) + a.reserve*reserveStake*math.Exp(a.held)
	a.signals, a.reserve = a.signals*(1-f), a.reserve*(1-reserveStake)
}

// invest returns the logarithm of the rollout's evidence, given that of the
// signals' mean after the bin.
func (a *absence) invest(m float64) float64 {
	a.before, a.held = m, a.partial.logE()
	a.share = math.Inf(-1)
	if a.staked() {
		a.share = math.Log(a.stake) + a.logE()
	}
	return stat.LogSumExp(math.Log(a.signals)+m, math.Log(a.reserve)+a.held, a.share)
}

// logE returns the logarithm of the evidence, at most that of 10/alpha, so that
// absence does not drown what was measured on other rollouts.
func (a *absence) logE() float64 {
	return min(a.logX, math.Log(10/a.service.Sensitivity.Alpha()))
}

// finding returns the finding on absence by the bin at, and whether there is one.
func (a *absence) finding(at time.Time) (andon.Finding, bool) {
	if a.bins == 0 && a.blamed == 0 {
		return andon.Finding{}, false
	}
	since := a.since
	t := a.signal
	f := andon.Finding{
		Signal: t.Signal.Name, Kind: "presence", Deviation: andon.Unknown, Effect: andon.Unknown, Smallest: andon.Unknown,
		Evidence: andon.Number(math.Exp(a.logE())), Weight: andon.Number(min(1, a.stake)), Onset: &since, Quality: andon.OK,
		Candidate: t.candidateSeen, Control: t.controlSeen,
		Query: t.Scale.Candidate.Metric, Against: t.Scale.Control.Metric, Blamed: a.blamed > 0,
		Reason: a.reason(),
	}
	if a.bins > 0 {
		f.Effect = andon.Number(a.span().Seconds())
		if span, ok := a.smallest(at); ok {
			f.Smallest = andon.Number(span.Seconds())
		}
	}
	return f, true
}

// reason says for how long no candidate node has served, or had when the
// rollout failed for it.
func (a *absence) reason() string {
	sides := a.strategy.Sides()
	candidate, control := sides.Candidate, sides.Control
	others := func(is, report string) string {
		if a.service.Node == "" || a.strategy == andon.LoadTest {
			return fmt.Sprintf("while there %s data %s", is, control.From)
		}
		return fmt.Sprintf("while %s %s", control.Count(a.controlServing), report)
	}
	if a.bins == 0 {
		return fmt.Sprintf("no data %s for %s when the rollout failed, %s; %s report now", candidate.From, andon.Spell(a.blamed), others("was", "reported"), candidate.Nodes())
	}
	report := "report"
	if a.controlServing == 1 {
		report = "reports"
	}
	came := "came up"
	if !a.came.IsZero() {
		came = "serves any more"
	}
	return fmt.Sprintf("none of the %s %s: no data from them for %s, %s", candidate.Nodes(), came, andon.Spell(a.span()), others("is", report))
}

// serving returns how many of the samples are known.
func serving(all []deviation.Sample) int {
	n := 0
	for _, s := range all {
		if deviation.Known(s.Value) {
			n++
		}
	}
	return n
}

// smallest returns how long no node must come up for that alone to fail the
// rollout, by the start-ups known before the bin at, and whether that is ever enough.
func (a *absence) smallest(at time.Time) (time.Duration, bool) {
	alpha := a.service.Sensitivity.Alpha()
	if math.Log(a.stake)+math.Log(10/alpha) < -math.Log(alpha) {
		return 0, false
	}
	law := a.startups(at)
	for t := a.step; t < 24*time.Hour; t += a.step {
		if math.Log(a.stake)-law.LogSurvival(t.Seconds()) >= -math.Log(alpha) {
			return t, true
		}
	}
	return 0, false
}

func (a *absence) span() time.Duration { return time.Duration(a.bins) * a.step }
