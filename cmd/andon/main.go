// Command andon judges the rollouts that are under way and has the bad ones
// halted; it also judges old ones, and sorts logs into clusters. This package is
// flags and wiring only.
package main

import "github.com/andon-project/andon/cmd/internal/program"

func main() {
	program.Main("andon", "Compares new versions of services with the versions they replace, and stops rollouts that make a service worse.",
		serve, check, replayCases, judgePast, clusterLines)
}
