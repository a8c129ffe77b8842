package cluster

// A class says what a byte may be part of, one bit each.
type class uint8

const (
	digit   class = 1 << iota
	letter        // ASCII letter, _ or $, and every byte of a character outside ASCII
	hexa          // a to f
	upper         // A to Z
	joiner        // stands inside a word when a letter or digit stands on both sides
	blank         // white space
	stop          // ends a path or a value after a key
	foreign       // byte of a character outside ASCII
)

// word classes make up words.
const wordClass = digit | letter

var classes = func() (t [256]class) {
	for c := 'a'; c <= 'z'; c++ {
		t[c] |= letter
		t[c-32] |= letter | upper
	}
	for c := 'a'; c <= 'f'; c++ {
		t[c] |= hexa
		t[c-32] |= hexa
	}
	for c := '0'; c <= '9'; c++ {
		t[c] |= digit
	}
	t['_'] |= letter
	t['$'] |= letter
	for c := 128; c < 256; c++ {
		t[c] |= letter | foreign
	}
	for _, c := range ".-/~\\" {
		t[c] |= joiner
	}
	for _, c := range " \t\r\n\v\f\x00" {
		t[c] |= blank | stop
	}
	for _, c := range "\"'`()[]{}<>,;|" {
		t[c] |= stop
	}
	return t
}()
