// Command andon judges the rollouts under way and halts those that fail. It also
// judges past rollouts, and groups log lines into clusters. This package holds
// flags and wiring only.
package main

import (
	"os"

	"github.com/andon-project/andon/cmd/internal/program"
)

func main() {
	os.Exit(program.Main("andon", "Compares new versions of services with the versions they replace, and stops rollouts that make a service worse.",
		serve, check, replayCases, judgePast, clusterLines))
}
