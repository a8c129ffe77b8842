// Command andon-lab demonstrates and measures Andon: the demo and its shop,
// accuracy on labelled rollouts, and simulations. This package holds flags and
// wiring only.
package main

import (
	"os"

	"github.com/andon-project/andon/cmd/internal/program"
)

func main() {
	os.Exit(program.Main("andon-lab", "Demonstrates Andon on a small shop, and measures how well it judges.",
		demonstrate, runShop, measureAccuracy, simulate, recordRollouts))
}
