// Command lint is staticcheck with one more check in it, exhaustive. Both need
// every package parsed and its types known; in one program that is done once,
// and staticcheck's cache then keeps what both found.
package main

import (
	"fmt"
	"os"

	"github.com/nishanths/exhaustive"
	"honnef.co/go/tools/lintcmd"
	"honnef.co/go/tools/simple"
	"honnef.co/go/tools/staticcheck"
	"honnef.co/go/tools/stylecheck"
	"honnef.co/go/tools/unused"
)

func main() {
	for flag, value := range map[string]string{
		"d":        "true",                              // a default clause says what becomes of every other value, those to come too
		"typeonly": `^github\.com/andon-project/andon/`, // of others' types we care about some values, and theirs grow without us
	} {
		if err := exhaustive.Analyzer.Flags.Set(flag, value); err != nil {
			fmt.Fprintf(os.Stderr, "exhaustive's flag -%s: %v\n", flag, err)
			os.Exit(2)
		}
	}
	command := lintcmd.NewCommand("lint")
	command.ParseFlags(os.Args[1:])
	command.AddAnalyzers(simple.Analyzers...)
	command.AddAnalyzers(staticcheck.Analyzers...)
	command.AddAnalyzers(stylecheck.Analyzers...)
	command.AddAnalyzers(unused.Analyzer)
	command.AddBareAnalyzers(exhaustive.Analyzer)
	command.Run()
}
