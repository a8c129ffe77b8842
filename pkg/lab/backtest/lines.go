package backtest

import (
	"encoding/json"
	"io"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

type rolloutLine struct {
	Version  string       `json:"version"`
	Previous string       `json:"previous"`
	Started  time.Time    `json:"started"`
	Ended    *time.Time   `json:"ended"` // null while under way
	Reached  andon.Number `json:"reached"`
	andon.Verdict
}

type signalLine struct {
	Service   string       `json:"service"`
	Signal    string       `json:"signal"`
	Weight    float64      `json:"weight"`
	Windows   int          `json:"windows"`
	Warned    int          `json:"over_100"`
	Alarmed   int          `json:"over_1000"`
	Deviation andon.Number `json:"deviation"`
	Missing   andon.Number `json:"missing"`
}

type trialLine struct {
	Service     string            `json:"service"`
	Sensitivity andon.Sensitivity `json:"sensitivity"`
	Windows     int               `json:"windows"`
	Failures    int               `json:"failures"`
	Promised    float64           `json:"promised"`
	Within      bool              `json:"within"`
}

type serviceLine struct {
	Service    string            `json:"service"`
	Configured andon.Sensitivity `json:"configured"`
	Suggested  andon.Sensitivity `json:"suggested"` // empty if none is
	Reason     string            `json:"reason"`
	Notes      []string          `json:"notes"`
}

// WriteLines writes a report for programs: a line of JSON for each rollout, signal,
// sensitivity and service. The line of a rollout has the fields of its verdict too.
func WriteLines(w io.Writer, r *Report) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	var lines []any
	for _, j := range r.Rollouts {
		l := &rolloutLine{Version: j.Rollout.Version, Previous: j.Rollout.Previous, Started: j.Rollout.Started, Reached: j.Reached, Verdict: j.Verdict}
		if !j.Open {
			l.Ended = &j.Rollout.Ended
		}
		lines = append(lines, struct {
			Kind string `json:"kind"`
			*rolloutLine
		}{"rollout", l})
	}
	for _, s := range r.Services {
		for _, x := range s.Signals {
			lines = append(lines, struct {
				Kind string `json:"kind"`
				signalLine
			}{"signal", signalLine{s.Name, x.Name, x.Weight, x.Windows, x.Warned, x.Alarmed, x.Deviation, x.Missing}})
		}
		for _, x := range s.Trials {
			lines = append(lines, struct {
				Kind string `json:"kind"`
				trialLine
			}{"sensitivity", trialLine{s.Name, x.Sensitivity, x.Windows, x.Failures, x.Promised, x.Within}})
		}
		notes := s.Notes
		if notes == nil {
			notes = []string{}
		}
		lines = append(lines, struct {
			Kind string `json:"kind"`
			serviceLine
		}{"service", serviceLine{s.Name, s.Configured, s.Suggested, s.Reason, notes}})
	}
	for _, l := range lines {
		if err := e.Encode(l); err != nil {
			return err
		}
	}
	return nil
}
