package evidence

import (
	"github.com/andon-project/andon/pkg/andon"
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

// learnsFresh reports whether fresh nodes may differ in the signal without any
// regression, so that it is learnt by how much.
func (s Settings) learnsFresh() bool {
	return (s.Kind == andon.Resource || s.Kind == andon.Memory) && s.Strategy != andon.LoadTest
}

// fromLessons returns by how much fresh nodes differed from control in a signal
// at the age of n bins, in the rollouts that passed before.
func fromLessons(lessons []andon.Lesson, signal string, n int) stat.Offset {
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
		return stat.Offset{}
	}
	k := float64(len(seen))
	return stat.Offset{Mean: stat.Mean(seen), Variance: stat.Variance(seen) * (1 + 1/k), Freedom: k - 1}
}
