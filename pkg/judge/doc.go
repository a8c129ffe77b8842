// Package judge asks the one question that Andon exists for, "did this
// rollout make its service worse?", for the panel and for the clock alike.
//
// It knows rollouts, signals, cohorts and verdicts. It does not know where
// samples come from, how a rollout is halted, or what time it is: sources are
// function types, and every method takes the time it speaks of. The same
// rollout, samples and facts therefore always give the same verdict, live or
// replayed.
package judge
