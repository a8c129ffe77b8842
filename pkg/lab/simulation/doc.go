// Package simulation draws rollouts from laws that are known, has each judged
// by the same Watch that judges live ones, and counts how often the verdicts
// are right: how many harmless rollouts fail, how many bad ones are found and
// how soon, who is named when rollouts overlap, and whether a score means what
// it says.
//
// Nothing of the judge is replaced: only the source of samples is, by series
// held in memory. Every rollout has a seed of its own, made of its scenario's
// name and its number, so that figures do not depend on how many processors
// there are, and one rollout can be drawn again by itself.
package simulation
