package crash

import (
	"strconv"
	"strings"
)

// A call is one line of a native stack.
type call struct {
	frame  Frame
	number int // as the line has it; -1 without
	ok     bool
}

// nativeCall reads a line of a native stack, in any of its formats.
func nativeCall(line string) call {
	text := strings.TrimSpace(line)
	if text == "" {
		return call{}
	}
	switch {
	case text[0] == '#':
		return numberedCall(text)
	case strings.HasPrefix(text, "@ "): // glog: @ 0x55aa shop::total(); Abseil has the frame's size between
		return glogCall(strings.TrimLeft(text[1:], " "))
	case '0' <= text[0] && text[0] <= '9':
		if n, rest, ok := strings.Cut(text, "# "); ok && digitsOnly(n) { // Boost: 0# shop::total() at file:12
			number, _ := strconv.Atoi(n)
			return placedCall(number, rest)
		}
	case strings.HasSuffix(text, "]"):
		return glibcCall(text)
	}
	return call{}
}

// numberedCall reads the stacks of gdb, sanitizers, systemd-coredump and Android:
//
//	#1  0x000055aa in shop::total (x=1) at cart.cpp:12
//	#1 0x55aa in shop::total(int) /src/cart.cpp:12:3
//	#1 0x55aa  (/app/shop+0x1234) (BuildId: …)
//	#1  0x000055aa n/a (shop + 0x1234)
//	#01 pc 000000000001234  /system/lib64/libshop.so (total+12)
func numberedCall(text string) call {
	n := 1
	for n < len(text) && '0' <= text[n] && text[n] <= '9' {
		n++
	}
	number, err := strconv.Atoi(text[1:n])
	if err != nil || n == len(text) || text[n] != ' ' && text[n] != ':' {
		return call{}
	}
	rest := strings.TrimLeft(text[n:], ": ")
	if pc, ok := strings.CutPrefix(rest, "pc "); ok {
		addr, rest, _ := strings.Cut(pc, " ")
		module, sym, _ := strings.Cut(strings.TrimLeft(rest, " "), " (")
		if strings.HasPrefix(sym, "BuildId") || sym == "" {
			return moduleCall(number, module, strings.TrimLeft(addr, "0"))
		}
		sym, _, _ = cutLastPlus(sym)
		return symbolCall(number, sym, module)
	}
	addressed := strings.HasPrefix(rest, "0x")
	if addressed {
		_, rest, _ = strings.Cut(rest, " ")
		rest = strings.TrimLeft(rest, " ")
	}
	rest = strings.TrimPrefix(rest, "in ")
	if rest == "" || !addressed && !strings.Contains(rest, "(") && rest != "<signal handler called>" {
		return call{}
	}
	return placedCall(number, rest)
}

// placedCall reads a function with its place after it: " at file:12",
// " from lib.so", " in module", " /src/file.cpp:12:3", " (module+0x12)".
func placedCall(number int, text string) call {
	if i := strings.Index(text, " (BuildId:"); i >= 0 {
		text = text[:i]
	}
	if module, offset, ok := moduleOffset(text); ok {
		open := strings.LastIndexByte(text, '(')
		name := strings.TrimSpace(text[:open])
		if name == "" || name == "n/a" || name == "??" {
			return moduleCall(number, module, offset)
		}
		return symbolCall(number, name, module)
	}
	place := ""
	for _, mark := range [...]string{" at ", " from ", " in "} {
		if i := strings.LastIndex(text, mark); i >= 0 {
			text, place = text[:i], text[i+len(mark):]
			break
		}
	}
	if place == "" {
		if i := strings.LastIndex(text, " /"); i > 0 {
			text, place = text[:i], text[i+1:]
		} else if i := strings.LastIndexByte(text, ' '); i > 0 && !strings.HasSuffix(text, ")") && strings.Contains(text[i:], ":") {
			text, place = text[:i], text[i+1:]
		}
	}
	if strings.HasPrefix(text, "0x") || strings.HasPrefix(text, "?? ") {
		text = "??"
	}
	return symbolCall(number, text, place)
}

// moduleOffset reads "(/app/shop+0x1234)" or "(shop + 0x1234)" at the end of text.
func moduleOffset(text string) (module, offset string, ok bool) {
	if !strings.HasSuffix(text, ")") {
		return "", "", false
	}
	open := strings.LastIndexByte(text, '(')
	if open < 0 {
		return "", "", false
	}
	module, offset, ok = cutLastPlus(text[open+1 : len(text)-1])
	return module, offset, ok && module != "" && strings.HasPrefix(offset, "0x")
}

// cutLastPlus splits name+0x12 or name + 0x12 or name+12.
func cutLastPlus(s string) (name, offset string, ok bool) {
	s = strings.TrimSuffix(s, ")")
	i := strings.LastIndexByte(s, '+')
	if i < 0 {
		return s, "", false
	}
	return strings.TrimSpace(s[:i]), strings.TrimSpace(s[i+1:]), true
}

// glibcCall reads ./shop(_ZN4shop5totalEv+0x1d) [0x55aa] and ./shop(+0x1234)[0x55aa].
func glibcCall(text string) call {
	i := strings.LastIndexByte(text, '[')
	if i <= 0 || !strings.HasPrefix(text[i:], "[0x") {
		return call{}
	}
	head := strings.TrimRight(text[:i], " ")
	open := strings.IndexByte(head, '(')
	if open <= 0 || !strings.HasSuffix(head, ")") || strings.ContainsAny(head[:open], " \t\"") {
		return call{}
	}
	module := head[:open]
	name, offset, _ := cutLastPlus(head[open+1 : len(head)-1])
	if name == "" {
		return moduleCall(-1, module, offset)
	}
	return symbolCall(-1, name, module)
}

func glogCall(text string) call {
	if !strings.HasPrefix(text, "0x") {
		return call{}
	}
	_, rest, _ := strings.Cut(text, " ")
	rest = strings.TrimLeft(rest, " ")
	if size, after, ok := strings.Cut(rest, " "); ok && digitsOnly(size) {
		rest = strings.TrimLeft(after, " ")
	}
	if rest == "" || rest == "(unknown)" {
		rest = "??"
	}
	return symbolCall(-1, rest, "")
}

func symbolCall(number int, symbol, place string) call {
	fn := cppName(symbol)
	if fn == "??" || fn == "" {
		return call{Frame{Module: binary(place), Function: ""}, number, true}
	}
	return call{Frame{Function: fn, InApp: cppInApp(fn, place)}, number, true}
}

// moduleCall is a call of which only the place in its file is known. The loader
// moves files, not what is in them.
func moduleCall(number int, module, offset string) call {
	offset = strings.TrimPrefix(offset, "0x")
	return call{Frame{Module: binary(module), Function: "+0x" + offset, InApp: !systemLibrary(module)}, number, true}
}

// binary is the name of a program or library without its path and version.
func binary(path string) string {
	name := path[strings.LastIndexByte(path, '/')+1:]
	if i := strings.Index(name, ".so."); i > 0 {
		name = name[:i+3]
	}
	return name
}

func systemLibrary(path string) bool {
	if strings.HasPrefix(path, "/lib/") || strings.HasPrefix(path, "/lib64/") || strings.HasPrefix(path, "/usr/lib/") || strings.HasPrefix(path, "/usr/lib64/") || strings.HasPrefix(path, "/system/") || strings.HasPrefix(path, "/apex/") || strings.HasPrefix(path, "/usr/include/") || strings.HasPrefix(path, "linux-vdso") {
		return true
	}
	return hasPrefix(binary(path), []string{"libc.", "libc-", "libstdc++", "libc++", "libpthread", "libm.", "libgcc_s", "ld-linux", "ld-2", "libdl", "linux-vdso", "[vdso]", "libasan", "libubsan", "libtsan"})
}

var cppSystem = []string{
	"std::", "__gnu_cxx::", "__cxx", "__libc_", "_start", "start_thread", "clone", "__clone", "__GI_", "__run_exit", "exit", "boost::", "google::", "testing::", "absl::", "folly::", "grpc::",
	"grpc_", "QCoreApplication", "QApplication", "QObject", "QEvent", "uv_", "uv__", "event_base_", "operator new", "operator delete", "malloc", "calloc", "realloc", "free", "cfree", "__memcpy", "__memmove", "__strlen",
	"memcpy", "memmove", "memset", "strlen", "strcmp", "__str", "__mem", "__interceptor", "execute_native_thread_routine", "__nptl", "epoll_wait", "poll", "__poll", "select", "syscall", "__syscall", "??",
}

func cppInApp(fn, place string) bool {
	return !hasPrefix(fn, cppSystem) && !systemLibrary(place) && !strings.HasPrefix(place, "../sysdeps") && !strings.HasPrefix(place, "./nptl") && !strings.HasPrefix(place, "../csu")
}
