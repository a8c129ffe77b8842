package board

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/ledger"
)

// mergeRollout returns what is known of a rollout after an update. Updating it
// twice, or with stages and ends in another order, gives the same.
func mergeRollout(known, update andon.Rollout) andon.Rollout {
	m := known
	m.Version = cmp.Or(known.Version, update.Version)
	m.Previous = cmp.Or(known.Previous, update.Previous)
	m.Strategy = cmp.Or(known.Strategy, update.Strategy)
	m.Tool = cmp.Or(known.Tool, update.Tool)
	m.Ref = cmp.Or(known.Ref, update.Ref)
	if len(known.Candidate) == 0 {
		m.Candidate = update.Candidate
	}
	if len(known.Control) == 0 {
		m.Control = update.Control
	}
	if known.Baseline == nil {
		m.Baseline = update.Baseline
	}
	m.Stages = slices.Concat(known.Stages, update.Stages)
	m.Ended = earlier(known.Ended, update.Ended)
	return tidy(m)
}

// earlier returns the earlier of two times, of which the zero one is not known.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

// tidy returns a rollout whose equal has equal fields: times in UTC, stages in
// order and each once, nothing empty that could be nil. It shares no memory
// with ro.
func tidy(ro andon.Rollout) andon.Rollout {
	ro.Started, ro.Ended = tidyTime(ro.Started), tidyTime(ro.Ended)
	stages := make([]time.Time, 0, len(ro.Stages))
	for _, s := range ro.Stages {
		stages = append(stages, tidyTime(s))
	}
	slices.SortFunc(stages, time.Time.Compare)
	ro.Stages = slices.Compact(stages)
	if len(ro.Stages) == 0 {
		ro.Stages = nil
	}
	if b := ro.Baseline; b != nil {
		ro.Baseline = &andon.Baseline{Started: tidyTime(b.Started), Ended: tidyTime(b.Ended), Accept: b.Accept}
	}
	ro.Scope = tidyMap(ro.Scope)
	ro.Candidate, ro.Control = tidyMap(ro.Candidate), tidyMap(ro.Control)
	return ro
}

func tidyTime(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.Round(0).UTC()
}

func tidyMap[M ~map[string]string](m M) M {
	if len(m) == 0 {
		return nil
	}
	return maps.Clone(m)
}

// same reports whether two tidy rollouts are the same.
func same(a, b andon.Rollout) bool {
	return a.ID == b.ID && a.Service == b.Service && a.Version == b.Version && a.Previous == b.Previous &&
		a.Strategy == b.Strategy && a.Tool == b.Tool && a.Ref == b.Ref &&
		sameBaseline(a.Baseline, b.Baseline) && maps.Equal(a.Scope, b.Scope) && maps.Equal(a.Candidate, b.Candidate) && maps.Equal(a.Control, b.Control) &&
		a.Started.Equal(b.Started) && a.Ended.Equal(b.Ended) && slices.EqualFunc(a.Stages, b.Stages, time.Time.Equal)
}

func sameBaseline(a, b *andon.Baseline) bool {
	return a == b || a != nil && b != nil && *a == *b
}

// factOf returns the fact that ro was announced. An announcement's key is the
// rollout's, so that it is kept once; an update's is made of its content.
func factOf(kind string, ro andon.Rollout, now time.Time) (ledger.Fact, error) {
	data, err := json.Marshal(ro)
	if err != nil {
		return ledger.Fact{}, fmt.Errorf("rollout %q: %w", ro.ID, err)
	}
	key := "rollout/announced/" + ro.ID
	if kind == KindUpdated {
		key = "rollout/updated/" + digest(string(data), 32) + "/" + ro.ID
	}
	return ledger.Fact{Key: key, Kind: kind, At: now, Data: data}, nil
}

// digest returns n hexadecimal digits of a hash of s.
func digest(s string, n int) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])[:n]
}

// idOfAnnouncement returns an id made of the content of an announcement without
// one. The same content gives the same id.
func idOfAnnouncement(ro andon.Rollout) string {
	parts := []string{ro.Service}
	if ro.Version != "" {
		parts = append(parts, ro.Version)
	}
	for _, k := range slices.Sorted(maps.Keys(ro.Scope)) {
		parts = append(parts, ro.Scope[k])
	}
	parts = append(parts, ro.Started.Format("20060102T150405Z"))
	raw := strings.Join(parts, "-")
	plain := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '.', r == '_', r == '-':
			return r
		}
		return '-'
	}, raw)
	if plain == raw && len(ro.Scope) == 0 && len(raw) <= andon.MaxName {
		return raw
	}
	// A digest distinguishes ids that would be equal without the characters left out.
	return plain[:min(len(plain), andon.MaxName-9)] + "-" + digest(raw+"\x00"+group(ro), 8)
}
