package cluster

// constantName tells whether the last label of a dotted name is in capitals,
// as names of states and events are: org.example.action.SCREEN_ON.
func constantName(name []byte) bool {
	last, _ := label(name)
	letters := 0
	for _, c := range last {
		if classes[c]&letter == 0 || c == '_' {
			continue
		}
		if classes[c]&upper == 0 {
			return false
		}
		letters++
	}
	return letters > 1
}

// languageValue tells whether w is a value of programming languages.
func languageValue(w []byte) bool {
	switch string(w) {
	case "true", "false", "True", "False", "TRUE", "FALSE", "null", "nil", "None", "NULL", "NaN", "nan":
		return true
	}
	return false
}

// account tells whether w is the name of an account that most systems have.
func account(w []byte) bool {
	switch string(w) {
	case "root", "admin", "administrator", "Administrator", "nobody", "guest":
		return true
	}
	return false
}

func unit(w []byte) bool {
	switch string(w) {
	case "B", "KB", "MB", "GB", "TB", "PB", "kB", "KiB", "MiB", "GiB", "TiB", "PiB", "byte", "bytes", "Bytes", "K", "M", "G", "T",
		"ns", "us", "µs", "ms", "s", "sec", "secs", "min", "mins", "h", "hr", "hrs", "d",
		"second", "seconds", "minute", "minutes", "hour", "hours", "day", "days", "msec", "msecs", "usec", "usecs", "milliseconds", "microseconds", "nanoseconds":
		return true
	}
	return false
}
