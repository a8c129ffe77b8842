package plugin

import (
	"fmt"
	"slices"
	"sync"
)

// warnings collects the warnings of sources, each text once. It is safe for
// concurrent use.
type warnings struct {
	mu    sync.Mutex
	texts []string
}

func (w *warnings) add(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Contains(w.texts, text) {
		w.texts = append(w.texts, text)
	}
}

// from returns a function that adds the warnings of the source of that name.
func (w *warnings) from(source string) func(query string, texts []string) {
	return func(query string, texts []string) {
		for _, text := range texts {
			w.add(fmt.Sprintf("%s warns about %s: %s", source, query, text))
		}
	}
}

// all returns the texts in the order in which they came.
func (w *warnings) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.texts)
}
