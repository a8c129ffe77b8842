// Package simulation draws rollouts from known distributions, has them judged by the
// same Watch that judges live ones, and counts how often the verdicts are right: how
// many harmless rollouts fail, how many bad ones are found and how soon, which one is
// blamed when rollouts overlap, and whether scores are calibrated.
//
// The judge is the real one; only its source of samples is replaced, by series held
// in memory. Every rollout has its own seed, made of its scenario's name and its
// number, so that results do not depend on the number of processors and a single
// rollout can be drawn again.
package simulation
