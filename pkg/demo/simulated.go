package demo

import (
	"testing"
	"testing/synctest"
)

// simulated runs f, and all goroutines that f starts, with a clock of their own.
// It stands still while any of them has something to do and leaps ahead when all
// wait, so that twenty minutes of a shop take seconds and its times are exact.
// It returns when all of them have ended.
//
// Of the standard library only synctest can do this. It asks for a test, of which
// there is none here; an empty one does.
func simulated(f func()) {
	synctest.Test(new(testing.T), func(*testing.T) { f() })
}
