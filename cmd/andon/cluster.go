package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/hashicorp/go-hclog"

	"github.com/andon-project/andon/cmd/internal/program"
	"github.com/andon-project/andon/pkg/logs/logfile"
)

// A clusterCommand holds the flags of andon cluster.
type clusterCommand struct {
	file, against string
	format        string
	top           int
	in            io.Reader // read if there is no file
	out           io.Writer
	show          bool // progress, on standard error
}

// clusterLines sorts the lines of a file into clusters.
func clusterLines(app *kingpin.Application) (string, program.Command) {
	s := clusterCommand{in: os.Stdin, out: os.Stdout, show: program.IsTerminal(os.Stderr)}
	c := app.Command("cluster", "Group log lines that differ only in their variable parts into clusters. Reads JSON, logfmt and plain text with any header.")
	c.Arg("file", "Log file; without it, or with “-”, standard input is read.").StringVar(&s.file)
	c.Flag("against", "Older log file to compare with. Each cluster is then marked as known, unknown (not in the old log), unexpectedly frequent, or gone.").PlaceHolder("OLD").StringVar(&s.against)
	c.Flag("format", "Output format: table; tsv for the cluster id and template of each input line; json for one JSON object per cluster.").Default("table").EnumVar(&s.format, "table", "tsv", "json")
	c.Flag("top", "Maximum number of clusters in the table; 0 for all.").Default("50").IntVar(&s.top)
	return c.FullCommand(), func(ctx context.Context, _ hclog.Logger) error { return s.run(ctx) }
}

func (s clusterCommand) run(ctx context.Context) error {
	survey := logfile.NewSurvey()
	survey.KeepLines = s.format == "tsv"
	if s.against != "" {
		if s.against == "-" {
			return fmt.Errorf("--against: standard input is read for the newer log; write the name of a file")
		}
		if err := s.read(ctx, survey, s.against, survey.ReadOld); err != nil {
			return err
		}
	}
	if err := s.read(ctx, survey, s.file, survey.Read); err != nil {
		return err
	}
	switch s.format {
	case "tsv":
		return survey.WriteTSV(s.out)
	case "json":
		return survey.Report().WriteJSON(s.out)
	}
	return survey.Report().WriteTable(s.out, s.top)
}

// read has take read the file, or standard input.
func (s clusterCommand) read(ctx context.Context, survey *logfile.Survey, name string, take func(context.Context, io.Reader) error) error {
	in, size, title := s.in, int64(0), "standard input"
	if name != "" && name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			size = info.Size()
		}
		in, title = f, name
	}
	if s.show {
		survey.Progress = showReading(os.Stderr, size, time.Now)
		defer fmt.Fprint(os.Stderr, "\r\x1b[K")
	}
	if err := take(ctx, in); err != nil {
		return fmt.Errorf("reading %s: %w", title, err)
	}
	return nil
}

// showReading returns a function that writes a progress bar, after one second of
// reading and then ten times a second. If size is 0 it writes the number of lines.
func showReading(w io.Writer, size int64, now func() time.Time) func(bytes, lines int64) {
	const width = 30
	next := now().Add(time.Second)
	return func(bytes, lines int64) {
		if now().Before(next) {
			return
		}
		next = now().Add(time.Second / 10)
		if size == 0 {
			fmt.Fprintf(w, "\r\x1b[K%d lines", lines)
			return
		}
		done := min(bytes, size) * width / size
		bar := make([]byte, width)
		for i := range bar {
			bar[i] = '.'
			if int64(i) < done {
				bar[i] = '#'
			}
		}
		fmt.Fprintf(w, "\r\x1b[K[%s] %3d%%  %d lines", bar, min(bytes, size)*100/size, lines)
	}
}
