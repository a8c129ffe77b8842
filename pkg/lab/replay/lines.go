package replay

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// Limits of logs.jsonl.gz.
const (
	maxLinesText = 1 << 30 // bytes after unpacking
	maxLine      = 4 << 20 // bytes of one line
)

// loadLines reads the log lines of the case in folder dir, if it has signals of log
// lines. If the file is missing, those signals are removed, with a note.
func (c *Case) loadLines(dir string) error {
	ofLines := func(s andon.Signal) bool { return s.Metric == "" }
	if !slices.ContainsFunc(c.Services, func(s andon.Service) bool { return slices.ContainsFunc(s.Signals, ofLines) }) {
		return nil
	}
	path := filepath.Join(dir, logsFile)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		for i, s := range c.Services {
			for _, sig := range s.Signals {
				if ofLines(sig) {
					c.Notes = append(c.Notes, fmt.Sprintf("signal %s of %s is left out: it is about log lines, and the case has no %s", sig.Name, s.Name, logsFile))
				}
			}
			c.Services[i].Signals = slices.DeleteFunc(slices.Clone(s.Signals), ofLines)
		}
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	body, err := gunzip(f, maxLinesText)
	if err == nil {
		c.Lines, err = parseLines(body)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// parseLines reads one JSON object a line: ts, labels and line, oldest first.
func parseLines(body []byte) ([]andon.Line, error) {
	var out []andon.Line
	s := bufio.NewScanner(bytes.NewReader(body))
	s.Buffer(nil, maxLine)
	for n := 1; s.Scan(); n++ {
		if len(bytes.TrimSpace(s.Bytes())) == 0 {
			continue
		}
		var l struct {
			TS     time.Time         `json:"ts"`
			Labels map[string]string `json:"labels"`
			Line   string            `json:"line"`
		}
		d := json.NewDecoder(bytes.NewReader(s.Bytes()))
		d.DisallowUnknownFields()
		if err := d.Decode(&l); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		switch {
		case l.TS.IsZero():
			return nil, fmt.Errorf("line %d: ts is missing; write the time of the line", n)
		case len(out) > 0 && l.TS.Before(out[len(out)-1].At):
			return nil, fmt.Errorf("line %d: ts is earlier than on the line before; sort the lines by ts", n)
		}
		out = append(out, andon.Line{At: l.TS.UTC(), Labels: l.Labels, Text: l.Line})
	}
	if err := s.Err(); err != nil {
		return nil, err
	}
	return out, nil
}
