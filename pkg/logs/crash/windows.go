package crash

import (
	"strconv"
	"strings"
)

// windows reads bug checks, from WinDbg's !analyze -v and from the event log,
// and the event log's record of a program that failed. Code and faulting
// module identify.
var windows = dialect{
	anchors: windowsHeads,
	opens: func(line string, at int) (string, bool) {
		return line[at:], !strings.HasPrefix(line[at:], "BugCheck ") || hexCode(line[at+len("BugCheck "):]) >= 0
	},
	roleOf: joinWindows,
	read:   readWindows,
}

var windowsHeads = []string{"Bugcheck Analysis", "BugCheck ", "bugcheck was: ", "BUGCHECK_CODE: ", "BUGCHECK_STR: ", "Faulting application name: ", "*** STOP: 0x"}

func joinWindows(s *stack, line string) role {
	text := strings.TrimSpace(line)
	if strings.HasPrefix(s.lines[0], "bugcheck was: ") || strings.HasPrefix(s.lines[0], "*** STOP: ") {
		return roleForeign // all is said on one line
	}
	for _, a := range windowsHeads {
		if strings.HasPrefix(text, a) && s.seen > 1 {
			if strings.HasPrefix(a, "BUGCHECK") {
				return roleInside
			}
			return roleForeign
		}
	}
	if strings.HasPrefix(text, "Followup:") || strings.HasPrefix(text, "Report Id:") {
		return roleLast
	}
	if name, _ := bugCheckName(text); name != "" || hasPrefix(text, windowsFields) || strings.Contains(text, "!") && strings.Contains(text, " : ") {
		return roleInside
	}
	return roleBlank
}

var windowsFields = []string{
	"MODULE_NAME:", "IMAGE_NAME:", "BUGCHECK_CODE:", "BUGCHECK_STR:", "BugCheck ", "Probably caused by", "Faulting module name:", "Faulting application name:", "Exception code:",
}

// bugCheckName splits DRIVER_IRQL_NOT_LESS_OR_EQUAL (d1).
func bugCheckName(text string) (name string, code int64) {
	name, rest, ok := strings.Cut(text, " (")
	if !ok || !strings.HasSuffix(rest, ")") || !strings.Contains(name, "_") || strings.ToUpper(name) != name || strings.Contains(name, " ") {
		return "", -1
	}
	code = hexCode(rest)
	if code < 0 {
		return "", -1
	}
	return name, code
}

// hexCode is the number in hexadecimal digits, with 0x or without, that s
// starts with; or -1.
func hexCode(s string) int64 {
	s = strings.TrimPrefix(strings.ToLower(strings.TrimSpace(s)), "0x")
	n := 0
	for n < len(s) && hexDigit(s[n]) {
		n++
	}
	code, err := strconv.ParseInt(s[:n], 16, 64)
	if err != nil || n < len(s) && letter(s[n]) {
		return -1
	}
	return code
}

func readWindows(lines []string) (Crash, bool) {
	c := Crash{Runtime: Windows}
	code, name, module, image, app := int64(-1), "", "", "", ""
	exception := int64(-1)
	set := func(to *int64, s string) {
		if n := hexCode(s); *to < 0 {
			*to = n
		}
	}
	for _, line := range lines {
		text := strings.TrimSpace(line)
		if n, bug := bugCheckName(text); n != "" && name == "" {
			name, code = n, bug
		}
		for field := range strings.SplitSeq(text, ", ") { // the event log writes several on a line
			key, value, ok := strings.Cut(field, ":")
			value = strings.TrimSpace(value)
			if !ok {
				continue
			}
			switch strings.TrimSpace(key) {
			case "BUGCHECK_CODE", "*** STOP":
				set(&code, value)
			case "BUGCHECK_STR":
				set(&code, value)
			case "MODULE_NAME", "Faulting module name":
				module = windowsModule(value)
			case "IMAGE_NAME":
				image = windowsModule(value)
			case "Faulting application name":
				app = windowsModule(value)
			case "Exception code":
				set(&exception, value)
			}
		}
		if rest, ok := strings.CutPrefix(text, "BugCheck "); ok {
			set(&code, rest)
		}
		if rest, ok := strings.CutPrefix(text, "bugcheck was: "); ok {
			set(&code, rest)
		}
		if _, rest, ok := strings.Cut(text, "Probably caused by : "); ok && image == "" {
			image = windowsModule(rest)
		}
	}
	// the image is the file at fault; of the kernel itself only its name changes
	if image != "" {
		module = image
	}
	switch {
	case app != "":
		c.Class = windowsCode(exception, exceptionNames)
		c.Frames = []Frame{{Module: module, InApp: true}, {Module: app, InApp: true}}
	case code >= 0:
		if c.Class = windowsCode(code, bugCheckNames); name != "" && strings.HasPrefix(c.Class, "0x") {
			c.Class += " " + name
		}
		if module != "" {
			c.Frames = []Frame{{Module: module, InApp: !strings.HasPrefix(module, "nt") && module != "hal"}}
		}
	}
	return c, c.Class != ""
}

// windowsModule is a module's name without path, version and extension.
func windowsModule(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), " ")
	s, _, _ = strings.Cut(s, ",")
	s = strings.ToLower(s[strings.LastIndexByte(s, '\\')+1:])
	for _, ext := range [...]string{".sys", ".exe", ".dll"} {
		s = strings.TrimSuffix(s, ext)
	}
	if s == "ntkrnlmp" || s == "ntoskrnl" || s == "ntkrnlpa" {
		return "nt"
	}
	return s
}

func windowsCode(code int64, names map[int64]string) string {
	if code < 0 {
		return ""
	}
	hex := "0x" + strings.ToUpper(strconv.FormatInt(code, 16))
	if name := names[code]; name != "" {
		return name + " (" + hex + ")"
	}
	return hex
}

var exceptionNames = map[int64]string{
	0xc0000005: "access violation", 0xc0000374: "heap corruption", 0xc0000409: "stack buffer overrun", 0xc00000fd: "stack overflow", 0xc0000094: "integer divide by zero",
	0xe0434352: "CLR exception", 0xe06d7363: "C++ exception", 0x80000003: "breakpoint", 0xc000001d: "illegal instruction", 0xc0000420: "assertion failure",
}

// From "Bug Check Code Reference", learn.microsoft.com.
var bugCheckNames = map[int64]string{
	0x0a: "IRQL_NOT_LESS_OR_EQUAL", 0x18: "REFERENCE_BY_POINTER", 0x19: "BAD_POOL_HEADER", 0x1a: "MEMORY_MANAGEMENT", 0x1e: "KMODE_EXCEPTION_NOT_HANDLED", 0x24: "NTFS_FILE_SYSTEM",
	0x3b: "SYSTEM_SERVICE_EXCEPTION", 0x4e: "PFN_LIST_CORRUPT", 0x50: "PAGE_FAULT_IN_NONPAGED_AREA", 0x7a: "KERNEL_DATA_INPAGE_ERROR", 0x7b: "INACCESSIBLE_BOOT_DEVICE",
	0x7e: "SYSTEM_THREAD_EXCEPTION_NOT_HANDLED", 0x7f: "UNEXPECTED_KERNEL_MODE_TRAP", 0x9f: "DRIVER_POWER_STATE_FAILURE", 0xa0: "INTERNAL_POWER_ERROR", 0xc2: "BAD_POOL_CALLER",
	0xc4: "DRIVER_VERIFIER_DETECTED_VIOLATION", 0xc5: "DRIVER_CORRUPTED_EXPOOL", 0xd1: "DRIVER_IRQL_NOT_LESS_OR_EQUAL", 0xe2: "MANUALLY_INITIATED_CRASH", 0xef: "CRITICAL_PROCESS_DIED",
	0xf4: "CRITICAL_OBJECT_TERMINATION", 0x101: "CLOCK_WATCHDOG_TIMEOUT", 0x109: "CRITICAL_STRUCTURE_CORRUPTION", 0x10e: "VIDEO_MEMORY_MANAGEMENT_INTERNAL", 0x113: "VIDEO_DXGKRNL_FATAL_ERROR",
	0x116: "VIDEO_TDR_FAILURE", 0x119: "VIDEO_SCHEDULER_INTERNAL_ERROR", 0x124: "WHEA_UNCORRECTABLE_ERROR", 0x133: "DPC_WATCHDOG_VIOLATION", 0x139: "KERNEL_SECURITY_CHECK_FAILURE",
	0x13a: "KERNEL_MODE_HEAP_CORRUPTION", 0x154: "UNEXPECTED_STORE_EXCEPTION", 0x157: "KERNEL_THREAD_PRIORITY_FLOOR_VIOLATION", 0x1ca: "SYNTHETIC_WATCHDOG_TIMEOUT",
}
