package demo

import (
	"testing"
	"testing/synctest"
)

// simulated runs f, and all goroutines that f starts, with a simulated clock. The
// clock stands still while any of them works and jumps ahead when all of them wait,
// so that twenty minutes of a shop take seconds and times are exact. It returns when
// all of them have ended.
//
// Only testing/synctest can do this. It requires a *testing.T; an empty one is enough.
func simulated(f func()) {
	synctest.Test(new(testing.T), func(*testing.T) { f() })
}
