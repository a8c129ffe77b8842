// Package accuracy measures judges of rollouts on labelled cases: Andon as it is, and
// the rules that other tools publish, implemented from their descriptions and fed
// with the same samples at the same ticks. It knows no network and no clock. Random
// numbers have a fixed seed, so that the same cases give the same document to the
// last byte.
package accuracy
