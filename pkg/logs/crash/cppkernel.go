package crash

import (
	"strconv"
	"strings"
)

// segfaultFrame is the place of a program's fault that Linux logs:
//
//	shopd[7]: segfault at 8 ip 000055d1c0a3147d sp 00007ffd0c error 4 in shopd[55d1c0a30000+2000]
//	traps: shopd[7] general protection fault ip:55d1c0a3147d sp:7ffd0c error:0 in shopd[55d1c0a30000+2000]
//
// The instruction's distance from where the file lies in memory is the same
// wherever it lies.
func segfaultFrame(line string) (Frame, bool) {
	at := strings.LastIndex(line, " in ")
	i := strings.Index(line, " ip")
	if at < 0 || i < 0 || i > at {
		return Frame{}, false
	}
	ip, _, _ := strings.Cut(strings.TrimLeft(line[i+len(" ip"):], ": "), " ")
	module, rest, _ := strings.Cut(line[at+len(" in "):], "[")
	base, _, ok := strings.Cut(rest, "+")
	if j := strings.LastIndexByte(base, ','); j >= 0 { // since 6.4: [offset,base+size]
		base = base[j+1:]
	}
	from, err := strconv.ParseUint(base, 16, 64)
	to, err2 := strconv.ParseUint(ip, 16, 64)
	if !ok || err != nil || err2 != nil || to < from || module == "" {
		return Frame{}, false
	}
	return moduleCall(-1, module, strconv.FormatUint(to-from, 16)).frame, true
}
