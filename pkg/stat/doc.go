// Package stat scores samples against samples: numbers in, numbers out. It
// knows no time, no labels and no errors. A question without an answer is NaN;
// a sample of NaN is a sample that is not there.
//
// Evidence is an e-value: a number that is at most 1 on average when nothing
// is wrong, however often it is read, so that it exceeds 1/α with probability
// α at most (Ville's inequality). It is kept as its natural logarithm.
// See Ramdas, Grünwald, Vovk and Shafer, "Game-theoretic statistics and safe
// anytime-valid inference", Statistical Science 38 (2023).
package stat
