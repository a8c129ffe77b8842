package analysis

import (
	"github.com/andon-project/andon/pkg/stat"
)

const (
	// minLessons is how many rollouts must have passed for what they showed
	// of fresh nodes to count.
	minLessons = 5
	// maxLesson bounds what one rollout can teach: a factor of e³.
	maxLesson = 3
)

// lessonLooks are the ages of a comparison, in bins, at which it is noted how
// fresh nodes differ: they are cold at first.
var lessonLooks = [...]int{5, 10, 20, 40}

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

// empty reports whether there is nothing in the lesson.
func (l Lesson) empty() bool { return len(l.Levels) == 0 && len(l.StartUps) == 0 }

// learnsFresh reports whether fresh nodes may differ in the signal without any
// regression, so that it is learnt by how much.
func (s settings) learnsFresh() bool {
	return (s.kind == Resource || s.kind == Memory) && s.strategy != LoadTest
}

// fromLessons returns by how much fresh nodes differed from control in a signal
// at the age of n bins, in the rollouts that passed before.
func fromLessons(lessons []Lesson, signal string, n int) stat.Explained {
	look := 0
	for i, at := range lessonLooks {
		if n >= at {
			look = i
		}
	}
	var seen []float64
	for _, l := range lessons {
		if all := l.Levels[signal]; len(all) > 0 {
			seen = append(seen, max(-maxLesson, min(maxLesson, all[min(look, len(all)-1)])))
		}
	}
	if len(seen) < minLessons {
		return stat.Explained{}
	}
	k := float64(len(seen))
	return stat.Explained{Mean: stat.Mean(seen), Variance: stat.Variance(seen) * (1 + 1/k), Freedom: k - 1}
}
