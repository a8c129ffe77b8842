// Package evidence holds the laws of evidence, one file each: what turns the bins
// of two cohorts into an e-value that the candidate became worse. All are asked by
// one interface, Law; the table laws says which applies where.
package evidence
