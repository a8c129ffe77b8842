package exporter

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/analysis"
	"github.com/andon-project/andon/pkg/source"
)

const (
	maxUnderWay = 1000 // rollouts; each is a row of several metrics
	maxStages   = 1000
	maxLabels   = 32              // of a scope or a cohort
	maxText     = 512             // bytes of a version, a label's value, a link
	maxFuture   = 5 * time.Minute // how far a sender's clock may be ahead
)

// rolloutID is what a rollout's id may be: it stands in addresses, labels and
// the headers of delivery tools as it is.
var rolloutID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:@+-]{0,199}$`)

// announce has the board keep a rollout.
func (e *Exporter) announce(ctx context.Context, ro analysis.Rollout, now time.Time) (analysis.Rollout, bool, error) {
	e.announcing.RLock()
	defer e.announcing.RUnlock()
	stands, first, err := e.board.Load().Announce(ctx, ro, now)
	if err == nil && first {
		e.log.Info("rollout announced", "rollout", stands.ID, "service", stands.Service, "version", stands.Version,
			"previous", stands.Previous, "tool", stands.Tool)
	}
	return stands, first, err
}

// errUnknownService says that a rollout is of a service that is not configured.
var errUnknownService = errors.New("not a service of the configuration")

// checkRollout returns what is wrong with an announced rollout, for people.
func checkRollout(ro analysis.Rollout, c *Config, now time.Time) error {
	switch {
	case ro.ID == "":
		return errors.New(`"id" is missing: write a name for this rollout that no other has, such as checkout-v42`)
	case !rolloutID.MatchString(ro.ID):
		return fmt.Errorf("\"id\" %.100q may hold up to 200 letters, digits and ._:@+- and begins with a letter or digit", ro.ID)
	case ro.Service == "":
		return errors.New(`"service" is missing: write the name of a service of the configuration`)
	}
	if _, ok := c.service(ro.Service); !ok {
		var names []string
		for _, s := range c.Services {
			names = append(names, s.Name)
		}
		return fmt.Errorf("\"service\" %.100q: %w; %s", ro.Service, errUnknownService, suggest(ro.Service, names))
	}
	strategies := []analysis.Strategy{"", analysis.Auto, analysis.Canary, analysis.Rolling, analysis.BlueGreen, analysis.BeforeAfter, analysis.LoadTest, analysis.Threshold}
	if !slices.Contains(strategies, ro.Strategy) {
		return fmt.Errorf("\"strategy\" %.100q is not one of auto, canary, rolling, blue-green, before-after, load-test, threshold", ro.Strategy)
	}
	if err := errors.Join(checkVersion(ro.Version), checkVersion(ro.Previous)); err != nil {
		return err
	}
	if ro.Version != "" && ro.Version == ro.Previous {
		return fmt.Errorf("\"version\" and \"previous\" are both %q", ro.Version)
	}
	for name, labels := range map[string]map[string]string{"scope": ro.Scope, "candidate": ro.Candidate, "control": ro.Control} {
		if err := checkLabels(name, labels); err != nil {
			return err
		}
	}
	for name, text := range map[string]string{"tool": ro.Tool, "ref": ro.Ref} {
		if len(text) > maxText {
			return fmt.Errorf("%q has %d bytes; %d are the most", name, len(text), maxText)
		}
	}
	if ro.Ref != "" && !strings.HasPrefix(ro.Ref, "https://") && !strings.HasPrefix(ro.Ref, "http://") {
		return fmt.Errorf("\"ref\" %.100q is not a link; write one that begins with https://", ro.Ref)
	}
	return checkTimes(ro, now)
}

func checkVersion(v string) error {
	for _, operator := range []string{"!=", "=~", "!~"} {
		if strings.HasPrefix(v, operator) {
			return fmt.Errorf("version %.100q begins with %s, which in a cohort is a matcher; announce it with candidate and control instead", v, operator)
		}
	}
	if len(v) > maxText {
		return fmt.Errorf("version %.40q… has %d bytes; %d are the most", v, len(v), maxText)
	}
	return nil
}

func checkLabels(name string, labels map[string]string) error {
	if len(labels) > maxLabels {
		return fmt.Errorf("%q has %d labels; %d are the most", name, len(labels), maxLabels)
	}
	for label, value := range labels {
		if name != "scope" && !model.LabelName(label).IsValidLegacy() {
			return fmt.Errorf("%q holds %.100q, which is not the name of a label", name, label)
		}
		if len(label) > maxText || len(value) > maxText {
			return fmt.Errorf("%q holds a label of more than %d bytes", name, maxText)
		}
	}
	if name == "scope" {
		return nil
	}
	if _, err := source.Resolve("up", labels); err != nil {
		return fmt.Errorf("%q: %w", name, err)
	}
	return nil
}

func checkTimes(ro analysis.Rollout, now time.Time) error {
	if ro.Started.After(now.Add(maxFuture)) {
		return fmt.Errorf("\"started\" %s is in the future; the time here is %s", ro.Started.Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	if len(ro.Stages) > maxStages {
		return fmt.Errorf("\"stages\" has %d entries; %d are the most", len(ro.Stages), maxStages)
	}
	for i, s := range ro.Stages {
		if s.Before(ro.Started) || i > 0 && s.Before(ro.Stages[i-1]) {
			return errors.New(`"stages" must be in order and not before "started"`)
		}
		if s.After(now.Add(maxFuture)) {
			return fmt.Errorf("\"stages\" holds %s, which is in the future; announce a stage when it is complete", s.Format(time.RFC3339))
		}
	}
	if !ro.Ended.IsZero() && ro.Ended.Before(ro.Started) {
		return errors.New(`"ended" is before "started"`)
	}
	return nil
}
