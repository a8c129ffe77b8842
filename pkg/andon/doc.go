// Package andon is the words of Andon: what a rollout, a service, a signal, a
// finding and a verdict are, how each is checked, and how values are written for
// people. It knows no other package of ours.
package andon
