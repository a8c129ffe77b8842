package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
)

const (
	// appendHeader holds a name that each Append gives its message, so that
	// one whose answer got lost recognises its own fact when it reads it back.
	appendHeader = "Andon-Append"

	// appendTimeout is how long an Append keeps trying, for a cluster may need
	// some seconds to choose a leader; tryTimeout is how long it waits for one
	// answer before it tries again.
	appendTimeout = 30 * time.Second
	tryTimeout    = 5 * time.Second
	retryWait     = 100 * time.Millisecond
)

// Append keeps a fact. When it returns without an error the fact survives
// kill -9 and power loss; first is false if a fact with this key had been kept
// before, which then stands.
//
// A fact needs a key and a kind; key and kind are valid UTF-8, Data is valid
// JSON or empty (which is kept as null) and is kept without its insignificant
// spaces. Anything else, and a fact larger than MaxFact, is ErrInvalid.
//
// While the store does not answer, Append tries again until ctx is done, for
// 30 seconds at most. An error that is ErrUnknown leaves open whether the fact
// was kept; any other error says that this call did not keep it.
func (l *Ledger) Append(ctx context.Context, f Fact) (first bool, err error) {
	if first, err = l.append(ctx, f); err != nil {
		return false, fmt.Errorf("storing the fact %.200q in %s: %w", f.Key, l.where, err)
	}
	return first, nil
}

func (l *Ledger) append(ctx context.Context, f Fact) (first bool, err error) {
	body, err := encode(f)
	if err != nil {
		return false, err
	}
	if maxPayload := l.nc.MaxPayload(); maxPayload > 0 && int64(len(body)+256) > maxPayload {
		return false, fmt.Errorf("%w: it has %d bytes, and the NATS servers accept at most %d; raise their max_payload", ErrInvalid, len(body), maxPayload)
	}
	ctx, cancel := context.WithTimeout(ctx, appendTimeout)
	defer cancel()
	defer context.AfterFunc(l.closing, cancel)()
	p := publication{l: l, body: body, subject: subject(f.Key), id: nuid.Next()}
	for {
		done, first, err := p.try(ctx)
		if done {
			return first, err
		}
		select {
		case <-ctx.Done():
			return p.giveUp(ctx, err)
		case <-time.After(retryWait):
		}
	}
}

// A publication is one Append under way.
type publication struct {
	l       *Ledger
	body    []byte
	subject string
	id      string
	sent    bool // a try ended without an answer: its message may still arrive
}

// try publishes once. If the outcome is not settled, done is false.
func (p *publication) try(ctx context.Context) (done, first bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, false, err
	}
	tctx, cancel := context.WithTimeout(ctx, p.l.tryFor)
	defer cancel()
	msg := &nats.Msg{Subject: p.subject, Data: p.body, Header: nats.Header{appendHeader: {p.id}}}
	ack, err := p.l.js.PublishMsg(tctx, msg, jetstream.WithExpectLastSequencePerSubject(0), jetstream.WithRetryAttempts(0))
	switch c := code(err); {
	case err == nil:
		return true, true, p.l.noteStored(ack.Sequence)
	case c == jetstream.JSErrCodeStreamWrongLastSequence, c == jetstream.JSErrCodeStreamWrongLastSequenceConstant:
		if !p.sent {
			return true, false, nil
		}
		return p.readBack(ctx)
	case c == codeStoreFailed:
		// It may have been written and not synced: neither yes nor no.
		return true, false, fmt.Errorf("%w: the store failed: %w; check that the disk works and is not full", ErrUnknown, err)
	case c == codeNotAvailable, errors.Is(err, nats.ErrReconnectBufExceeded), errors.Is(err, nats.ErrNoResponders), errors.Is(err, jetstream.ErrNoStreamResponse):
		return false, false, err // no server took it
	case c != 0:
		if p.sent {
			err = fmt.Errorf("%w: %w", ErrUnknown, err)
		}
		return true, false, err
	}
	p.sent = true
	return false, false, err
}

// readBack reads which Append kept the fact of this key.
func (p *publication) readBack(ctx context.Context) (done, first bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, p.l.tryFor)
	defer cancel()
	m, err := p.l.last(ctx, p.subject)
	if err != nil {
		return false, false, err
	}
	return true, m.Header.Get(appendHeader) == p.id, p.l.noteStored(m.Sequence)
}

// giveUp reads back a last time after ctx is done, and returns what is known.
func (p *publication) giveUp(ctx context.Context, err error) (first bool, _ error) {
	switch cause := context.Cause(ctx); {
	case p.l.closing.Err() != nil:
		err = ErrClosed
	case !errors.Is(err, cause):
		err = fmt.Errorf("%w; the last attempt: %w", cause, err)
	}
	if warning := p.l.server.warning(); warning != "" {
		err = fmt.Errorf("%w; the embedded server's last warning: %s", err, warning)
	}
	if !p.sent {
		return false, err
	}
	if p.l.closing.Err() == nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		if done, first, err := p.readBack(ctx); done {
			return first, err
		}
	}
	return false, fmt.Errorf("%w, so append it again: %w", ErrUnknown, err)
}

// noteStored remembers that there is a fact of that number.
func (l *Ledger) noteStored(seq uint64) error {
	if err := l.witness.record(seq); err != nil {
		return fmt.Errorf("%w, because %s cannot be written: %w; check that the disk works and is not full", ErrUnknown, witnessFile, err)
	}
	return nil
}

// last returns the message of a subject; jetstream.ErrMsgNotFound if there is none.
func (l *Ledger) last(ctx context.Context, subject string) (*jetstream.RawStreamMsg, error) {
	return l.facts.GetLastMsgForSubject(ctx, subject)
}

// Get returns the fact that stands under key, false if there is none.
func (l *Ledger) Get(ctx context.Context, key string) (Fact, bool, error) {
	m, err := l.last(ctx, subject(key))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return Fact{}, false, nil
	}
	if err != nil {
		return Fact{}, false, fmt.Errorf("reading the fact %.200q from %s: %w", key, l.where, l.closedOr(err))
	}
	f, err := decode(m.Subject, m.Data)
	return f, err == nil, err
}

// closedOr returns ErrClosed for an error that comes from closing.
func (l *Ledger) closedOr(err error) error {
	if l.closing.Err() != nil {
		return ErrClosed
	}
	return err
}

// subject returns where the fact of a key is kept. A hash, for a subject
// takes neither spaces nor dots nor stars and a key may have any of them.
func subject(key string) string {
	sum := sha256.Sum256([]byte(key))
	return subjectPrefix + hex.EncodeToString(sum[:])
}

func encode(f Fact) ([]byte, error) {
	switch {
	case f.Key == "":
		return nil, fmt.Errorf("%w: it has no key", ErrInvalid)
	case f.Kind == "":
		return nil, fmt.Errorf("%w: it has no kind", ErrInvalid)
	case !utf8.ValidString(f.Key), !utf8.ValidString(f.Kind):
		return nil, fmt.Errorf("%w: key and kind must be valid UTF-8", ErrInvalid)
	case len(f.Data) > 0 && !json.Valid(f.Data):
		return nil, fmt.Errorf("%w: its data are not valid JSON", ErrInvalid)
	case len(f.Key)+len(f.Data) > 2*MaxFact: // spare the work
		return nil, tooBig(len(f.Key) + len(f.Data))
	}
	if len(f.Data) == 0 {
		f.Data = nil
	}
	f.At = f.At.UTC()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(f); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	b.Truncate(b.Len() - 1) // the encoder's newline
	if b.Len() > MaxFact {
		return nil, tooBig(b.Len())
	}
	return b.Bytes(), nil
}

func tooBig(n int) error {
	return fmt.Errorf("%w: it has %d bytes, and the maximum is %d; store a summary or a link instead", ErrInvalid, n, MaxFact)
}

func decode(subj string, body []byte) (Fact, error) {
	var f Fact
	if err := json.Unmarshal(body, &f); err != nil {
		return Fact{}, fmt.Errorf("%w: the message at %s is not a fact: %w", ErrDamaged, subj, err)
	}
	if subject(f.Key) != subj {
		return Fact{}, fmt.Errorf("%w: the fact %.200q is stored at %s, which belongs to another key", ErrDamaged, f.Key, subj)
	}
	return f, nil
}
