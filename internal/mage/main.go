// Command mage is what `go tool mage` runs: it compiles mage, then has it carry
// out the task. It exists for its first line of output. Go compiles a tool before
// it runs it, in silence; mage on a new machine takes half a minute, and this takes
// a few seconds as long as it imports next to nothing.
package main

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
)

func main() {
	program := filepath.Join("bin", "mage")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	if _, err := os.Stat(program); err != nil {
		_, _ = os.Stderr.WriteString("Compiling mage, which runs the tasks of this project: about half a minute, the first time only.\n")
	}
	signal.Notify(make(chan os.Signal, 1), os.Interrupt) // Ctrl-C is for the task, which ends by itself
	status := run("go", "build", "-o", program, "github.com/magefile/mage")
	if status == 0 {
		status = run(program, os.Args[1:]...)
	}
	os.Exit(status)
}

// run runs a command to its end and returns its exit status.
func run(name string, args ...string) (status int) {
	cmd := exec.Command(name, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	if err != nil {
		_, _ = os.Stderr.WriteString("mage: " + err.Error() + "\n")
		return 1
	}
	return 0
}
