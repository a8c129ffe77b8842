// Package accuracy measures judges of rollouts against labelled cases: Andon
// as it is, and the rules that other tools publish, written from their
// descriptions and fed with the same samples at the same ticks. It knows no
// network and no clock; where the numbers vary by chance the seed is fixed, so
// that the same cases give the same document to the last byte.
package accuracy
