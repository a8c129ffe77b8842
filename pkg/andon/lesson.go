package andon

// A Lesson is what a rollout that passed teaches of how fresh nodes of its
// service differ without any regression.
type Lesson struct {
	// Levels holds, by signal of CPU or memory, the mean of ln(value) of fresh
	// nodes less that of control's, 5, 10, 20 and 40 bins after the warm-up;
	// fewer, if it lasted less.
	Levels map[string][]float64 `json:"levels,omitempty"`

	// StartUps holds, by signal of the family startup, what fresh nodes showed
	// in their first minutes.
	StartUps map[string]StartUp `json:"startups,omitempty"`
}

// A StartUp is what the fresh nodes of one rollout showed in their first minutes.
type StartUp struct {
	Level    Number  `json:"level"`              // mean over nodes, on the scale that they are compared on; null of events
	Events   float64 `json:"events,omitempty"`   // of counts and failures
	Exposure float64 `json:"exposure,omitempty"` // that they came out of
}

// Empty reports whether there is nothing in the lesson.
func (l Lesson) Empty() bool { return len(l.Levels) == 0 && len(l.StartUps) == 0 }
