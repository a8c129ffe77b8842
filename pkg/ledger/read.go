package ledger

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// prefetch is how many facts are on their way while one is read.
	prefetch = 128

	// consumerTimeout is after how long without a reader the server drops its
	// place, if the reader dies without saying so.
	consumerTimeout = 30 * time.Second

	// forever is a number that no fact will have.
	forever = math.MaxUint64 - 1
)

// All yields the facts kept so far, oldest first, and ends with the newest
// one kept when it was called. Not all of them are in memory at a time.
//
// An error that is ErrDamaged speaks of one fact, or of some that are missing,
// and the ones after it follow; after any other error nothing follows.
func (l *Ledger) All(ctx context.Context) iter.Seq2[Fact, error] {
	return func(yield func(Fact, error) bool) {
		info, err := l.facts.Info(ctx)
		if err != nil {
			yield(Fact{}, l.reading(err))
			return
		}
		newest, gone := l.witness.read()
		switch to := max(info.State.LastSeq, newest); {
		case info.State.Msgs > 0:
			l.read(ctx, to, yield)
		case to > gone:
			yield(Fact{}, l.gap(0, to))
		}
	}
}

// Follow yields the facts kept so far, as All does, and then each further one
// as it is kept, by whomever, until ctx is done, which ends it without an error.
func (l *Ledger) Follow(ctx context.Context) iter.Seq2[Fact, error] {
	return func(yield func(Fact, error) bool) {
		l.read(ctx, forever, func(f Fact, err error) bool {
			if err != nil && ctx.Err() != nil {
				return false
			}
			return yield(f, err)
		})
	}
}

// read yields the facts up to sequence number to, or without end if that is forever.
func (l *Ledger) read(ctx context.Context, to uint64, yield func(Fact, error) bool) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(l.closing, cancel)()
	c, err := l.js.OrderedConsumer(ctx, streamName, jetstream.OrderedConsumerConfig{InactiveThreshold: consumerTimeout})
	if err != nil {
		yield(Fact{}, l.reading(err))
		return
	}
	defer l.forget(c)
	msgs, err := c.Messages(jetstream.PullMaxMessages(prefetch))
	if err != nil {
		yield(Fact{}, l.reading(err))
		return
	}
	defer msgs.Stop()
	_, accepted := l.witness.read()
	var gone uint64
	for at := uint64(0); at < to; {
		m, err := msgs.Next(jetstream.NextContext(ctx))
		if err != nil {
			yield(Fact{}, l.reading(err))
			return
		}
		meta, err := m.Metadata()
		if err != nil {
			yield(Fact{}, l.reading(err))
			return
		}
		seq := meta.Sequence.Stream
		if next := min(seq, to+1); next > at+1 {
			if gone += next - at - 1; gone > accepted && !yield(Fact{}, l.gap(at, next-1)) {
				return
			}
		}
		if at = seq; at > to {
			return
		}
		if !yield(l.decoded(m.Subject(), m.Data())) {
			return
		}
		if meta.NumPending == 0 && at < to && to != forever { // nothing is left to wait for
			if gone += to - at; gone > accepted {
				yield(Fact{}, l.gap(at, to))
			}
			return
		}
	}
}

func (l *Ledger) decoded(subj string, body []byte) (Fact, error) {
	f, err := decode(subj, body)
	if err != nil {
		return Fact{}, l.reading(err)
	}
	return f, nil
}

// gap says that the facts after number after, up to number to, are missing.
func (l *Ledger) gap(after, to uint64) error {
	hint := acceptHint
	if l.server == nil {
		hint = "restore the stream " + streamName + " from a backup, or restart to continue with the remaining facts"
	}
	return l.reading(fmt.Errorf("%w: %d facts after number %d are missing; %s", ErrDamaged, to-after, after, hint))
}

// forget tells the server that a reader is gone; if that does not reach it,
// it finds out itself.
func (l *Ledger) forget(c jetstream.Consumer) {
	if l.closing.Err() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(l.closing, time.Second)
	defer cancel()
	if info := c.CachedInfo(); info != nil {
		_ = l.js.DeleteConsumer(ctx, streamName, info.Name)
	}
}

func (l *Ledger) reading(err error) error {
	if !errors.Is(err, ErrDamaged) {
		err = l.closedOr(err)
	}
	return fmt.Errorf("reading the facts in %s: %w", l.where, err)
}
