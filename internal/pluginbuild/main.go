// Command pluginbuild compiles the data source's back end for every platform
// that Grafana runs on, into dist/, as Grafana's own build package does it. It
// is a program of its own because that package takes half a minute to compile
// the first time, for which `go tool mage demo` should not wait.
package main

import (
	"log"

	"github.com/grafana/grafana-plugin-sdk-go/build"
)

func main() {
	log.SetFlags(0)
	platforms := build.Build{}
	for _, compile := range []func() error{
		platforms.Linux, platforms.LinuxARM64, platforms.LinuxARM,
		platforms.Darwin, platforms.DarwinARM64,
		platforms.Windows,
		platforms.GenerateManifestFile,
	} {
		if err := compile(); err != nil {
			log.Fatal(err)
		}
	}
}
