// Package stat holds the statistics: numbers in, numbers out. It knows no time, no
// labels and no errors. A result that cannot be computed is NaN, and a sample of
// NaN is a missing sample.
//
// Evidence is an e-value: a number whose mean is at most 1 when nothing is wrong,
// however often it is read, so that it ever exceeds 1/α with probability α at most
// (Ville's inequality). It is stored as its natural logarithm.
// See Ramdas, Grünwald, Vovk and Shafer, "Game-theoretic statistics and safe
// anytime-valid inference", Statistical Science 38 (2023).
package stat
