package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"github.com/alecthomas/kingpin/v2"
	"github.com/hashicorp/go-hclog"

	"github.com/andon-project/andon/cmd/internal/program"
	"github.com/andon-project/andon/pkg/lab/accuracy"
	"github.com/andon-project/andon/pkg/lab/replay"
)

// measureAccuracy scores Andon and the rules of other tools on labelled cases.
func measureAccuracy(app *kingpin.Application) (string, program.Command) {
	c := app.Command("accuracy", "Replay labelled cases with Andon and with the published rules of other tools, and score each.").Hidden()
	out := c.Flag("out", "Write the results as a document to this file, and the chart to the folder img beside it.").PlaceHolder("FILE").String()
	verdicts := c.Flag("verdicts", "Also write the verdicts of each judge to a file in this folder, one JSON object per rollout.").PlaceHolder("DIR").String()
	paths := c.Arg("case", "Folder of a labelled case, or a folder of such folders.").Required().Strings()
	return c.FullCommand(), func(ctx context.Context, _ hclog.Logger) error {
		dirs, err := replay.Find(*paths)
		if err != nil {
			return err
		}
		o := accuracy.Options{Questions: max(1, runtime.GOMAXPROCS(0)/len(dirs))}
		if program.IsTerminal(os.Stderr) {
			o.Progress = func(done, of int) { fmt.Fprintf(os.Stderr, "\r\x1b[K%d of %d cases", done, of) }
			defer fmt.Fprint(os.Stderr, "\r\x1b[K")
		}
		r, err := accuracy.Run(ctx, dirs, o)
		if err != nil {
			return err
		}
		rows := r.Rows()
		err = accuracy.WriteTable(os.Stdout, rows)
		if *verdicts != "" {
			err = errors.Join(err, writeVerdicts(*verdicts, r))
		}
		if *out != "" {
			err = errors.Join(err, writeDocument(*out, r, rows))
		}
		return err
	}
}

// writeDocument writes the document and its picture.
func writeDocument(path string, r *accuracy.Report, rows []accuracy.Row) error {
	img := filepath.Join(filepath.Dir(path), "img")
	if err := os.MkdirAll(img, 0o755); err != nil {
		return err
	}
	var b strings.Builder
	if err := accuracy.WriteDocument(&b, r, rows); err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(path, []byte(b.String()), 0o644),
		os.WriteFile(filepath.Join(img, accuracy.Picture), []byte(accuracy.Plot(rows)), 0o644),
	)
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// writeVerdicts writes what each judge said to a file of its own.
func writeVerdicts(dir string, r *accuracy.Report) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, j := range r.Judges {
		var b strings.Builder
		e := json.NewEncoder(&b)
		for _, o := range j.Outcomes {
			if err := e.Encode(o); err != nil {
				return fmt.Errorf("writing the verdict of %s on rollout %s: %w", j.Name, o.Rollout, err)
			}
		}
		name := strings.Trim(notInNames.ReplaceAllString(strings.ToLower(j.Name), "-"), "-") + ".jsonl"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(b.String()), 0o644); err != nil {
			return err
		}
	}
	return nil
}
