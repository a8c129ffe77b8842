// Package logs compares the log lines of two cohorts: it reads and samples them,
// sorts them into clusters or crash signatures, and says which are unknown, more
// frequent or gone, with evidence. Where lines come from it does not know.
package logs
