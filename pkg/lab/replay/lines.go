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

// Bounds of logs.jsonl.gz.
const (
	maxLinesText = 1 << 30 // bytes, once it is unpacked
	maxLine      = 4 << 20 // bytes of one line of it
)

// loadLines reads the log lines of the case in folder dir, if its signals want
// any. Where there are none, the signals that want some are left out, with a note.
func (c *Case) loadLines(dir string) error {
	wants := func(s andon.Signal) bool { return s.Metric == "" }
	any := false
	for _, s := range c.Services {
		any = any || slices.ContainsFunc(s.Signals, wants)
	}
	if !any {
		return nil
	}
	path := filepath.Join(dir, logsFile)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		for i, s := range c.Services {
			for _, sig := range s.Signals {
				if wants(sig) {
					c.Notes = append(c.Notes, fmt.Sprintf("signal %s of %s reads log lines, and there is no %s", sig.Name, s.Name, logsFile))
				}
			}
			c.Services[i].Signals = slices.DeleteFunc(slices.Clone(s.Signals), wants)
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
			return nil, fmt.Errorf("line %d: ts is missing", n)
		case len(out) > 0 && l.TS.Before(out[len(out)-1].At):
			return nil, fmt.Errorf("line %d: it is older than the line before it", n)
		}
		out = append(out, andon.Line{At: l.TS.UTC(), Labels: l.Labels, Text: l.Line})
	}
	if err := s.Err(); err != nil {
		return nil, err
	}
	return out, nil
}
