package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"

	"github.com/alecthomas/kingpin/v2"
	"github.com/hashicorp/go-hclog"

	"github.com/andon-project/andon/cmd/internal/program"
	"github.com/andon-project/andon/pkg/judge"
	"github.com/andon-project/andon/pkg/lab/replay"
	"github.com/andon-project/andon/pkg/report"
)

// A replayCommand holds the flags of andon replay.
type replayCommand struct {
	paths  []string
	format string
	report string
	out    io.Writer
}

// replayCases judges rollouts of the past.
func replayCases(app *kingpin.Application) (string, program.Command) {
	r := replayCommand{out: os.Stdout}
	c := app.Command("replay", "Judge recorded rollouts tick by tick, as they would have been judged live. Exits with status 2 if a case is invalid, whatever the verdicts.")
	c.Flag("format", "Output format: table, or jsonl for one JSON object per rollout.").Default("table").EnumVar(&r.format, "table", "jsonl")
	c.Flag("report", "Also write an HTML page with the evidence behind the verdicts to this file.").PlaceHolder("FILE").StringVar(&r.report)
	c.Arg("case", "Folder of a case (case.yaml and metrics.om.gz), or a folder of such folders.").Required().StringsVar(&r.paths)
	return c.FullCommand(), func(ctx context.Context, log hclog.Logger) error {
		err := r.run(ctx, log)
		var wrong *replay.InputError
		if errors.As(err, &wrong) {
			return &program.StatusError{Status: 2, Err: err}
		}
		return err
	}
}

func (r replayCommand) run(ctx context.Context, log hclog.Logger) error {
	dirs, err := replay.Find(r.paths)
	if err != nil {
		return err
	}
	gathered := pages{title: "Replay", made: make(map[[2]string]report.Page)}
	o := replay.Options{Questions: max(1, runtime.GOMAXPROCS(0)/len(dirs))}
	if r.report != "" {
		o.Inspect = gathered.make
	}
	write, flush := r.writer()
	show := program.IsTerminal(os.Stderr)
	done := 0
	err = replay.All(ctx, dirs, o, func(res replay.Result) error {
		if done++; show {
			fmt.Fprintf(os.Stderr, "\r\x1b[K%d of %d cases", done, len(dirs))
		}
		if res.Err != nil {
			return nil // All returns it
		}
		for _, n := range res.Case.Notes {
			log.Warn("part of the case is ignored", "case", res.Case.Name, "reason", n)
		}
		gathered.take(res)
		return write(res)
	})
	if show {
		fmt.Fprint(os.Stderr, "\r\x1b[K")
	}
	if err = errors.Join(err, flush()); err != nil || r.report == "" {
		return err
	}
	return gathered.write(r.report)
}

// writer returns a function that writes a result, and one to call at the end.
func (r replayCommand) writer() (write func(replay.Result) error, flush func() error) {
	if r.format == "table" {
		t := replay.NewTable(r.out, program.IsTerminal(r.out) && os.Getenv("NO_COLOR") == "")
		return func(res replay.Result) error { t.Add(res); return nil }, t.Flush
	}
	lines := json.NewEncoder(r.out)
	lines.SetEscapeHTML(false)
	return func(res replay.Result) error {
		for _, j := range res.Outcomes {
			if err := lines.Encode(j.Verdict); err != nil {
				return err
			}
		}
		return nil
	}, func() error { return nil }
}

// pages collects the pages of a report. Cases are replayed at the same time, and
// their pages are put in the order of the cases.
type pages struct {
	title string
	mu    sync.Mutex
	made  map[[2]string]report.Page // by case and rollout
	taken []report.Page
}

func (p *pages) make(ctx context.Context, a *judge.Analyzer, j replay.Outcome) error {
	page, err := report.Collect(ctx, a.Metrics, report.Page{Rollout: j.Rollout, Service: j.Service, Verdict: j.Verdict, Trail: j.Trail})
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.made[[2]string{j.Verdict.Case, j.Rollout.ID}] = page
	return nil
}

func (p *pages) take(r replay.Result) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, j := range r.Outcomes {
		key := [2]string{j.Verdict.Case, j.Rollout.ID}
		if page, ok := p.made[key]; ok {
			p.taken = append(p.taken, page)
			delete(p.made, key)
		}
	}
}

// write writes the report to a file.
func (p *pages) write(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(report.WriteAll(f, p.title, p.taken), f.Close())
}
