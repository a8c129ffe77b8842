// Package replay judges past rollouts as they would have been judged live. It reads
// cases from files and ticks through them, with the samples in memory up to each
// tick. It knows no network and no clock.
package replay

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/strict"
)

// The files of a case folder.
const (
	caseFile    = "case.yaml"
	metricsFile = "metrics.om.gz"
	logsFile    = "logs.jsonl.gz"
)

// maxCase bounds case.yaml, in bytes.
const maxCase = 4 << 20

// maxTicks limits the number of ticks of a case, so that a mistyped date does not
// keep a machine busy for a year.
const maxTicks = 100_000

// A Case is a recording of services and their signals, of rollouts, and the truth
// about the rollouts. Its YAML form is case.yaml.
type Case struct {
	Name     string          `yaml:"name"`
	Source   string          `yaml:"source"` // origin of the data, for people
	Step     model.Duration  `yaml:"step"`   // time between samples, and between ticks
	Start    time.Time       `yaml:"start"`  // beginning of the data
	End      time.Time       `yaml:"end"`    // end of the data
	Services []andon.Service `yaml:"services"`
	Rollouts []andon.Rollout `yaml:"rollouts"`
	Truth    []Truth         `yaml:"truth"` // never shown to the judge

	Samples []Sample        `yaml:"-"` // oldest first
	Series  []labels.Labels `yaml:"-"`
	Lines   []andon.Line    `yaml:"-"` // oldest first

	// Notes say which parts of the case are left out.
	Notes []string `yaml:"-"`
}

// Truth is the truth about one rollout.
type Truth struct {
	Rollout    string `yaml:"rollout"`
	Regression bool   `yaml:"regression"`
	Fault      string `yaml:"fault"` // kind of fault that was injected; empty if none or not known
}

// A Sample is one value of one series.
type Sample struct {
	Series int   // index in Case.Series
	Time   int64 // Unix milliseconds
	Value  float64
}

// Service returns the service of that name.
func (c *Case) Service(name string) (andon.Service, bool) {
	for _, s := range c.Services {
		if s.Name == name {
			return s, true
		}
	}
	return andon.Service{}, false
}

// LoadCase reads the case in folder dir. Errors name the file and, if there is one,
// the line.
func LoadCase(dir string) (*Case, error) {
	path := filepath.Join(dir, caseFile)
	text, err := readFile(path, maxCase)
	if err != nil {
		return nil, err
	}
	c, err := parseCase(text)
	if wrong, ok := errors.AsType[*strict.Error](err); ok {
		wrong.File = path
	}
	if err != nil {
		return nil, err
	}
	path = filepath.Join(dir, metricsFile)
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	body, err := gunzip(f, maxSamplesText)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if c.Series, c.Samples, err = parseSamples(body); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := c.loadLines(dir); err != nil {
		return nil, err
	}
	return c, nil
}

// readFile reads a file of at most limit bytes.
func readFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("%s: larger than the limit of %s", path, andon.Quantity(float64(limit), "bytes"))
	}
	return b, nil
}

// parseCase reads case.yaml strictly. The error is a *strict.Error with all problems.
func parseCase(text []byte) (*Case, error) {
	var c Case
	if err := strict.Read(text, &c, c.check); err != nil {
		return nil, err
	}
	direct := make(map[string][]string)
	for _, s := range c.Services {
		direct[s.Name] = s.DependsOn
	}
	for i, all := 0, andon.Callees(direct); i < len(c.Services); i++ {
		c.Services[i].DependsOn = all[c.Services[i].Name]
	}
	return &c, nil
}

// IsCase reports whether dir is the folder of a case.
func IsCase(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, caseFile))
	return err == nil
}

// Find returns the case folders for paths. Each path is the folder of a case, or a
// folder of such folders, which come in the order of their names. Errors are
// *InputError.
func Find(paths []string) ([]string, error) {
	var out []string
	for _, p := range paths {
		if IsCase(p) {
			out = append(out, p)
			continue
		}
		entries, err := os.ReadDir(p)
		if err != nil {
			var e *fs.PathError
			if errors.As(err, &e) {
				err = e.Err
			}
			return nil, &InputError{fmt.Errorf("%s: %w; give the folder of a case, or a folder of such folders", p, err)}
		}
		n := len(out)
		for _, e := range entries {
			if dir := filepath.Join(p, e.Name()); IsCase(dir) {
				out = append(out, dir)
			}
		}
		if len(out) == n {
			return nil, &InputError{fmt.Errorf("%s: no %s in it or in a folder of it", p, caseFile)}
		}
	}
	return out, nil
}
