// Command gpx_andon is the backend of the Andon data source. Grafana starts
// it; this package is wiring only.
package main

import (
	"os"

	"github.com/grafana/grafana-plugin-sdk-go/backend/datasource"
	"github.com/grafana/grafana-plugin-sdk-go/backend/log"

	"github.com/andon-project/andon/pkg/plugin"
)

func main() {
	if err := datasource.Manage(plugin.ID, plugin.New, datasource.ManageOpts{}); err != nil {
		log.DefaultLogger.Error("the data source stopped", "error", err)
		os.Exit(1)
	}
}
