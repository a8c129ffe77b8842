package plugin

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// recall returns an andon.RecallFunc that asks the exporter once for each
// service and release. If the exporter does not answer, w gets a warning and
// nothing is recalled. Without an exporter recall returns nil.
func (c exporterClient) recall(ctx context.Context, w *warnings) andon.RecallFunc {
	if !c.configured() {
		return nil
	}
	type key struct{ service, release string }
	var mu sync.Mutex
	memories := make(map[key]*andon.Recollection)
	return func(service, release string, _ time.Time) *andon.Recollection {
		mu.Lock()
		defer mu.Unlock()
		k := key{service, release}
		if m, ok := memories[k]; ok {
			return m
		}
		m, err := c.memory(ctx, service, release)
		if err != nil {
			w.add(fmt.Sprintf("feedback and earlier rollouts could not be read from the exporter: %v", err))
		}
		memories[k] = m
		return m
	}
}
