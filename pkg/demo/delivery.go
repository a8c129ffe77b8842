package demo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// A Phase is how far a rollout has come.
type Phase string

// The phases.
const (
	Idle        Phase = "idle"        // nothing was rolled out yet
	Progressing Phase = "progressing" // nodes are being replaced
	Halted      Phase = "halted"      // no more nodes are replaced; the new ones are being taken back
	RolledBack  Phase = "rolled-back" // halted, and all nodes are on the old version
	Complete    Phase = "complete"    // all nodes are on the new version
	Broken      Phase = "broken"      // a node did not start
)

// Status is the state of the latest rollout of one service.
type Status struct {
	Name     string    `json:"name"`               // of the service
	ID       string    `json:"id,omitempty"`       // of the rollout, as announced
	Version  string    `json:"version,omitempty"`  // that goes out
	Previous string    `json:"previous,omitempty"` // that it replaces
	Phase    Phase     `json:"phase"`
	Nodes    int       `json:"nodes"`   // of the service
	Updated  int       `json:"updated"` // nodes on the new version now
	Touched  int       `json:"touched"` // largest number of nodes that were on it at a time
	Started  time.Time `json:"started,omitzero"`
	Halts    int       `json:"halts"`               // number of halts that took effect: 0 or 1
	HaltedBy string    `json:"halted_by,omitempty"` // Idempotency-Key of that halt
	HaltedAt time.Time `json:"halted_at,omitzero"`
	Call     string    `json:"call,omitempty"` // the request that halted it
	Reason   string    `json:"reason,omitempty"`
	Error    string    `json:"error,omitempty"`
}

// An AnnounceFunc announces the state of a rollout.
type AnnounceFunc func(ctx context.Context, ro andon.Rollout) error

// A Pace is how fast a Delivery goes.
type Pace struct {
	First time.Duration // from the first node to the second; 60 seconds if zero
	Next  time.Duration // from node to node after that; 4 seconds if zero

	// FirstOf overrides First for single services.
	FirstOf map[string]time.Duration
}

// first returns how long the first node of a service stays alone.
func (p Pace) first(service string) time.Duration {
	if own, ok := p.FirstOf[service]; ok {
		return own
	}
	return p.First
}

// A Delivery stands in for a delivery tool: it replaces the nodes of a service one by
// one, and on a halt it stops and rolls back. It is safe for concurrent use.
type Delivery struct {
	shop     *Shop
	pace     Pace
	announce map[string]AnnounceFunc // by service; rollouts of others are found by the version label

	mu       sync.Mutex
	rollouts map[string]*rollout
	ctx      context.Context // of the rollouts in the background
	cancel   context.CancelFunc
	done     sync.WaitGroup
}

// rollout is what a Delivery knows of one service. Its fields are guarded by
// the Delivery's mutex.
type rollout struct {
	Status
	stages  []time.Time
	halting chan struct{} // closed by the halt
}

// NewDelivery returns a Delivery for the shop. Rollouts of services without a
// function in announce are not announced.
func NewDelivery(s *Shop, p Pace, announce map[string]AnnounceFunc) *Delivery {
	if p.First == 0 {
		p.First = 60 * time.Second
	}
	if p.Next == 0 {
		p.Next = 4 * time.Second
	}
	d := &Delivery{shop: s, pace: p, announce: announce, rollouts: make(map[string]*rollout)}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	for _, service := range Services() {
		d.rollouts[service] = &rollout{Status: Status{Name: service, Phase: Idle}}
	}
	return d
}

// Close stops all rollouts and waits for them. Nodes stay as they are.
func (d *Delivery) Close() {
	d.cancel()
	d.done.Wait()
}

// The refusals of a Delivery.
var (
	ErrUnknown = errors.New("no such service")
	ErrBusy    = errors.New("a rollout of the service is under way")
	ErrDone    = errors.New("the rollout is complete and can no longer be halted")
	ErrIdle    = errors.New("there was no rollout yet")
	ErrVersion = errors.New("the rollout is of another version")
)

// Roll begins a rollout of a version at now. The error is ErrUnknown, ErrBusy, or
// that the Delivery is closed.
func (d *Delivery) Roll(service, version string, now time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	r, ok := d.rollouts[service]
	switch {
	case !ok:
		return fmt.Errorf("%s: %w", service, ErrUnknown)
	case r.Phase == Progressing || r.Phase == Halted:
		return fmt.Errorf("%s: %w", service, ErrBusy)
	case d.ctx.Err() != nil:
		return d.ctx.Err()
	}
	previous := d.shop.Nodes(service)[0].Version
	*r = rollout{halting: make(chan struct{}), Status: Status{
		Name: service, ID: service + "-" + version, Version: version, Previous: previous, Phase: Progressing, Started: now,
		Nodes: len(d.shop.Nodes(service)),
	}}
	d.done.Go(func() { d.roll(r) })
	return nil
}

// roll replaces one node after the other until all are on the new version, or until
// a halt; then it rolls back.
func (d *Delivery) roll(r *rollout) {
	d.tell(r)
	for i := range r.Nodes {
		if i > 0 && !d.dwell(r, i) {
			break
		}
		if err := d.replace(r, i, r.Version); err != nil {
			d.finish(r, Broken, err)
			return
		}
		d.mu.Lock()
		r.stages = append(r.stages, time.Now())
		d.mu.Unlock()
		d.tell(r)
	}
	select {
	case <-r.halting:
		d.back(r)
	default:
		if d.ctx.Err() == nil {
			d.finish(r, Complete, nil)
		}
	}
}

// dwell waits before the i-th node and reports whether to go on.
func (d *Delivery) dwell(r *rollout, i int) bool {
	wait := d.pace.Next
	if i == 1 {
		wait = d.pace.first(r.Name)
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-d.ctx.Done():
		return false
	case <-r.halting:
		return false
	case <-t.C:
		return true
	}
}

// back puts every touched node on the previous version.
func (d *Delivery) back(r *rollout) {
	for i := range r.Touched {
		if err := d.replace(r, i, r.Previous); err != nil {
			d.finish(r, Broken, err)
			return
		}
	}
	d.finish(r, RolledBack, nil)
}

func (d *Delivery) replace(r *rollout, i int, version string) error {
	if err := d.shop.Replace(r.Name, i, version); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	r.Updated = d.shop.Versions(r.Name)[r.Version]
	r.Touched = max(r.Touched, r.Updated)
	return nil
}

func (d *Delivery) finish(r *rollout, p Phase, err error) {
	d.mu.Lock()
	// A halt just after the last node was replaced still rolls back.
	late := p == Complete && r.Phase == Halted
	if !late {
		r.Phase = p
	}
	if err != nil {
		r.Error = err.Error()
	}
	d.mu.Unlock()
	if late {
		d.back(r)
		return
	}
	d.tell(r)
}

// A HaltRequest is a request to halt the rollout of a service.
type HaltRequest struct {
	Service string
	Version string // if set, a rollout of another version is not halted
	Key     string // Idempotency-Key
	Reason  string // for people
	Call    string // the HTTP request, for people
}

// Halt stops a rollout and rolls it back. Only the first halt of a rollout has an
// effect, whatever its key; for later ones already is true. The error is ErrUnknown,
// ErrIdle, ErrVersion or ErrDone.
func (d *Delivery) Halt(h HaltRequest, now time.Time) (s Status, already bool, err error) {
	service, version := h.Service, h.Version
	d.mu.Lock()
	defer d.mu.Unlock()
	r, ok := d.rollouts[service]
	switch {
	case !ok:
		return Status{}, false, fmt.Errorf("%s: %w", service, ErrUnknown)
	case r.Phase == Idle:
		return r.Status, false, fmt.Errorf("%s: %w", service, ErrIdle)
	case version != "" && version != r.Version:
		return r.Status, false, fmt.Errorf("%s: %w: %s", service, ErrVersion, r.Version)
	case r.Halts > 0:
		return r.Status, true, nil
	case r.Phase != Progressing:
		return r.Status, false, fmt.Errorf("%s: %w", service, ErrDone)
	}
	r.Phase, r.Halts, r.HaltedBy, r.HaltedAt, r.Reason, r.Call = Halted, 1, h.Key, now, h.Reason, h.Call
	close(r.halting)
	return r.Status, false, nil
}

// Status returns the state of the latest rollout of a service; false if there is no
// such service.
func (d *Delivery) Status(service string) (Status, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	r, ok := d.rollouts[service]
	if !ok {
		return Status{}, false
	}
	s := r.Status
	s.Nodes = len(d.shop.Nodes(service))
	return s, true
}

// tell announces the state of a rollout, if rollouts of its service are announced. It
// tries for a few seconds, because the listener may still be starting.
func (d *Delivery) tell(r *rollout) {
	announce := d.announce[r.Name]
	if announce == nil {
		return
	}
	d.mu.Lock()
	ro := andon.Rollout{
		ID: r.ID, Service: r.Name, Version: r.Version, Previous: r.Previous, Strategy: andon.Rolling,
		Started: r.Started, Stages: append([]time.Time(nil), r.stages...), Tool: "delivery",
	}
	if r.Phase == RolledBack || r.Phase == Broken {
		ro.Ended = time.Now()
	}
	d.mu.Unlock()
	for range 5 {
		err := announce(d.ctx, ro)
		if err == nil {
			return
		}
		d.shop.log.Warn("announcing a rollout", "rollout", ro.ID, "err", err)
		if !pause(d.ctx, time.Second) {
			return
		}
	}
}
