package ledger

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	streamName    = "ANDON_FACTS"
	subjectPrefix = "andon.facts."

	// clusterReplicas is on how many servers a cluster keeps each fact: with
	// three, one may be lost without losing a fact or refusing one.
	clusterReplicas = 3
)

// The server's error codes that the client library has no name for.
const (
	codeNotAvailable = 10008
	codeNotCluster   = 10074
	codeStoreFailed  = 10077
)

// streamConfig is a stream that keeps everything for ever and lets nobody
// take anything out.
func streamConfig(replicas int) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:        streamName,
		Description: "facts of Andon: append-only, one subject per key",
		Subjects:    []string{subjectPrefix + "*"},
		Retention:   jetstream.LimitsPolicy,
		Discard:     jetstream.DiscardNew,
		MaxMsgs:     -1, MaxBytes: -1, MaxMsgsPerSubject: -1,
		Storage:    jetstream.FileStorage,
		Replicas:   replicas,
		DenyDelete: true, DenyPurge: true,
	}
}

// stream finds the stream, or makes it where there is none.
func (l *Ledger) stream(ctx context.Context, c Config) (jetstream.Stream, error) {
	s, err := l.js.Stream(ctx, streamName)
	switch {
	case err == nil:
		return s, checkStream(s.CachedInfo().Config)
	case !errors.Is(err, jetstream.ErrStreamNotFound):
		return nil, fmt.Errorf("reading the NATS stream %s: %w; check that JetStream is enabled and that this user may use it", streamName, err)
	case l.server != nil && l.server.hadFacts:
		return nil, fmt.Errorf("%w: the folder holds facts, but the server cannot read their stream; restore the folder from a backup, or move it away to start without these facts", ErrDamaged)
	}
	want := c.Replicas
	if want == 0 && l.server == nil {
		want = clusterReplicas
	}
	s, err = l.js.CreateStream(ctx, streamConfig(want))
	if code(err) == codeNotCluster && c.Replicas == 0 {
		s, err = l.js.CreateStream(ctx, streamConfig(1))
	}
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		s, err = l.js.Stream(ctx, streamName) // another process was faster
	}
	if err != nil {
		return nil, fmt.Errorf("creating the NATS stream %s with %d replicas: %w; check that JetStream is enabled on enough servers and that this user may use it", streamName, max(want, 1), err)
	}
	return s, checkStream(s.CachedInfo().Config)
}

// checkStream returns an error if a stream of that configuration would lose facts.
func checkStream(c jetstream.StreamConfig) error {
	limited := c.MaxAge > 0 || c.MaxMsgs > 0 || c.MaxBytes > 0 || c.MaxMsgsPerSubject > 0
	if c.Retention != jetstream.LimitsPolicy || c.Storage != jetstream.FileStorage || !c.DenyDelete || !c.DenyPurge || limited {
		return fmt.Errorf("the NATS stream %s exists but may lose facts (it needs limits retention, file storage, no limits on age, number or size, deny_delete and deny_purge); use another NATS account", streamName)
	}
	return nil
}

// dial connects to a cluster and stays connected, whatever server dies.
func dial(urls string, log hclog.Logger) (*nats.Conn, error) {
	nc, err := nats.Connect(urls, nats.Name("andon"), nats.Timeout(3*time.Second),
		nats.MaxReconnects(-1), nats.ReconnectWait(250*time.Millisecond),
		nats.ReconnectBufSize(-1), // a failed publish fails at once, and is not sent later
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Warn("connection to NATS lost; no facts are stored until it is back", "err", err)
			}
		}),
		nats.ReconnectHandler(func(nc *nats.Conn) {
			log.Info("connected to NATS again", "server", nc.ConnectedServerName())
		}))
	if err != nil {
		return nil, fmt.Errorf("connecting to NATS: %w; check that one of the URLs answers and that user and password are right", err)
	}
	return nc, nil
}

// redact returns comma-separated URLs without what is secret in them.
func redact(urls string) string {
	parts := strings.Split(urls, ",")
	for i, p := range parts {
		p = strings.TrimSpace(p)
		if _, rest, found := strings.Cut(p, "@"); found {
			scheme, _, _ := strings.Cut(p, "://")
			if u, err := url.Parse(p); err == nil && u.User != nil {
				scheme, rest = u.Scheme, u.Host
			}
			p = scheme + "://<secret>@" + rest
		}
		parts[i] = p
	}
	return strings.Join(parts, ",")
}

// code returns the server's error code, 0 if err is not an answer of the server.
func code(err error) jetstream.ErrorCode {
	var api *jetstream.APIError
	if errors.As(err, &api) {
		return api.ErrorCode
	}
	return 0
}
