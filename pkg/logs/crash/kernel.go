package crash

import (
	"strings"
)

// kernel reads what Linux prints of itself: oopses, BUGs, panics, hung tasks
// and lockups. The function that the processor was in identifies a crash,
// where there is one: who called it is chance.
var kernel = dialect{
	anchors: kernelHeads,
	opens: func(line string, at int) (string, bool) {
		if strings.HasPrefix(line[at:], " blocked for more than ") {
			return line, strings.Contains(line[:at], "task ")
		}
		return line[at:], at == 0 || line[at-1] == ' '
	},
	roleOf: joinKernel,
	read:   readKernel,
}

// kernelWarning begins what the kernel prints where its code says WARN.
const kernelWarning = "WARNING: CPU: "

var kernelHeads = []string{
	"BUG: ", "kernel BUG at ", "general protection fault", "Oops: ", "Kernel panic - not syncing", " blocked for more than ", "Unable to handle kernel",
	"divide error: ", "invalid opcode: ", "self-detected stall", "detected stalls on", "hard LOCKUP", "stack segment: ", kernelWarning,
}

// Phases of an oops.
const (
	oopsHead  = iota
	oopsCalls // a function was named
	oopsEnd   // after its end; a panic may follow from it
)

func joinKernel(s *stack, line string) role {
	text := strings.TrimLeft(line, " \t")
	if s.phase == oopsHead && s.seen < 8 && kernelHead(text) {
		return roleInside
	}
	switch {
	case text == "":
		return roleBlank
	case strings.HasPrefix(text, "---[ end Kernel panic"):
		return roleLast
	case strings.HasPrefix(text, "---[ end trace"):
		s.phase = oopsEnd
		return roleInside
	case strings.HasPrefix(text, "Kernel panic - not syncing"):
		return roleInside // what a panic follows from has been said
	case strings.HasPrefix(text, "---[ cut here"), strings.HasPrefix(text, "------------[ cut here"):
		return roleForeign
	case kernelCall(text) != "":
		if s.phase == oopsHead {
			s.phase = oopsCalls
		}
		return roleInside
	case hasPrefix(text, kernelLines):
		return roleBlank
	}
	return roleForeign
}

func kernelHead(text string) bool {
	for _, head := range kernelHeads {
		if strings.Contains(text, head) {
			return true
		}
	}
	return false
}

// Other lines of an oops.
var kernelLines = []string{
	"#PF:", "PGD ", "CPU:", "Hardware name:", "RIP:", "RSP:", "RAX:", "RDX:", "RBP:", "R10:", "R13:", "FS:", "CS:", "CR2:", "CR0:", "DR0:", "DR3:", "PKRU:", "Call Trace:",
	"Call trace:", "<TASK>", "</TASK>", "<IRQ>", "</IRQ>", "<NMI>", "</NMI>", "<EOI>", "Code:", "Modules linked in:", "Kernel Offset:", "Workqueue:", "Not tainted",
	"Tainted:", "\"echo 0 >", "task:", "pstate:", "sp :", "x29", "x28", "x26", "x27", "x25", "x24", "x23", "x22", "x21", "x20", "x19", "x18", "x17", "x16", "x15", "x14", "x13",
	"x12", "x11", "x10", "x9", "x8", "x7", "x6", "x5", "x4", "x3", "x2", "x1", "x0", "Mem abort info:", "ESR =", "EC =", "SET =", "EA =", "FSC =", "Data abort info:", "ISV =",
	"CM =", "user pgtable", "swapper pgtable", "[0000", "[ffff", "Internal error:", "Process ", "Stack:", "last sysfs", "Pid:", "EIP:", "EAX:", "ESI:", "irq event", "hardirqs",
	"softirqs", "rcu:", "Sending NMI", "NMI backtrace", "(t=", "Rebooting in", "note:", "Oops:", "==========", "Write of size", "Read of size", "Sched", "Allocated by", "Freed by", "?", "CPU features", "SMP",
}

// kernelCall is the function of a line that names one as name+0x12/0x34, and
// its module in brackets; or "".
func kernelCall(text string) string {
	i := strings.Index(text, "+0x")
	if i <= 0 || strings.HasPrefix(text, "? ") || strings.Contains(text[:i], "] ? ") {
		return ""
	}
	rest := text[i+len("+0x"):]
	j := 0
	for j < len(rest) && hexDigit(rest[j]) {
		j++
	}
	if j == 0 || !strings.HasPrefix(rest[j:], "/0x") {
		return ""
	}
	start := i
	for start > 0 && (letter(text[start-1]) || text[start-1] == '.' || text[start-1] == '$') {
		start--
	}
	name := text[start:i]
	for _, suffix := range [...]string{".isra.", ".constprop.", ".part.", ".cold"} {
		name, _, _ = strings.Cut(name, suffix)
	}
	return name
}

func kernelModule(text string) string {
	i := strings.Index(text, "+0x")
	if i < 0 {
		return ""
	}
	if _, after, ok := strings.Cut(text[i:], " ["); ok {
		module, _, _ := strings.Cut(after, "]")
		module, _, _ = strings.Cut(module, " ")
		return module
	}
	return ""
}

func hexDigit(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func readKernel(lines []string) (Crash, bool) {
	c := Crash{Runtime: Kernel}
	c.Class, c.Message = kernelClass(lines[0])
	at := -1 // the function the processor was in
	for _, line := range lines {
		text := strings.TrimLeft(line, " \t")
		fn := kernelCall(text)
		if fn == "" {
			continue
		}
		in := hasPrefix(text, kernelAt)
		if strings.HasPrefix(text, "lr :") || in && at >= 0 {
			continue
		}
		if !in && hasPrefix(fn, kernelPlumbing) || kernelHelpers[fn] {
			continue
		}
		c.Frames = append(c.Frames, Frame{Module: kernelModule(text), Function: fn})
		if in {
			at = len(c.Frames) - 1
		}
	}
	if at < 0 && len(c.Frames) > 0 && hasAny(lines, kernelAt) {
		at = 0 // in a helper: its caller
	}
	if at >= 0 {
		c.Frames = c.Frames[at:]
		c.Frames[0].InApp = true
	}
	return c, c.Class != ""
}

// Where the processor was, as the architectures print it.
var kernelAt = []string{"RIP:", "EIP:", "EIP is at", "pc :", "PC is at", "epc :", "NIP [", "BUG: KASAN", kernelWarning}

func hasAny(lines, prefixes []string) bool {
	for _, l := range lines {
		if hasPrefix(strings.TrimLeft(l, " \t"), prefixes) {
			return true
		}
	}
	return false
}

// What the first line of a crash says, and its class.
var kernelClasses = []struct{ text, class string }{
	{"NULL pointer dereference", "NULL pointer dereference"},
	{"unable to handle page fault", "page fault"},
	{"unable to handle kernel paging request", "page fault"},
	{"Unable to handle kernel paging request", "page fault"},
	{"soft lockup", "soft lockup"},
	{"hard LOCKUP", "hard lockup"},
	{"stall", "RCU stall"},
	{"blocked for more than", "hung task"},
	{"general protection fault", "general protection fault"},
	{"divide error", "divide error"},
	{"invalid opcode", "invalid opcode"},
	{"scheduling while atomic", "scheduling while atomic"},
	{"sleeping function called from invalid context", "sleeping in atomic context"},
	{"Bad page state", "bad page state"},
	{"Bad page map", "bad page map"},
	{"stack guard page was hit", "stack overflow"},
	{"workqueue lockup", "workqueue lockup"},
}

func kernelClass(head string) (class, message string) {
	if _, rest, ok := strings.Cut(head, "BUG: KASAN: "); ok {
		kind, _, _ := strings.Cut(rest, " in ")
		return "KASAN: " + kind, ""
	}
	if _, rest, ok := strings.Cut(head, "kernel BUG at "); ok {
		return "BUG", kernelFile(rest)
	}
	if _, rest, ok := strings.Cut(head, kernelWarning); ok {
		_, place, _ := strings.Cut(rest, " at ")
		return "WARNING", kernelFile(place)
	}
	if _, rest, ok := strings.Cut(head, "Kernel panic - not syncing"); ok {
		return "panic", parameterise(strings.TrimPrefix(rest, ": "))
	}
	for _, k := range kernelClasses {
		if strings.Contains(head, k.text) {
			return k.class, ""
		}
	}
	if strings.Contains(head, "Oops") {
		return "oops", ""
	}
	_, head, _ = strings.Cut(head, "BUG: ")
	return "BUG", parameterise(head)
}

// kernelFile is the source file before the colon, and its directory, wherever
// the kernel was built.
func kernelFile(place string) string {
	file, _, _ := strings.Cut(place, ":")
	parts := strings.Split(file, "/")
	return strings.Join(parts[max(0, len(parts)-2):], "/")
}

// Calls between a crash and what it was about: the dump itself, waiting,
// exceptions, entry.
var kernelPlumbing = []string{
	"dump_stack", "show_stack", "panic", "__die", "die", "oops_", "no_context", "__bad_area", "bad_area", "page_fault", "do_page_fault", "exc_", "asm_exc_", "asm_sysvec", "error_entry",
	"do_error_trap", "do_trap", "__schedule", "schedule", "io_schedule", "print_", "kasan_", "__kasan", "watchdog", "nmi_", "rcu_", "__warn", "report_bug", "handle_bug", "do_user_addr_fault",
	"sysvec_", "apic_timer", "__hrtimer", "hrtimer", "tick_", "update_process_times", "__might_", "___might_", "dump_backtrace", "do_kernel_fault", "do_mem_abort", "el1", "die_kernel_fault",
	"__do_kernel_fault", "do_translation_fault", "check_panic", "mount_block_root", "nmi", "trigger_all", "bust_spinlocks", "add_taint",
}

// Small functions that the same crash passes through from anywhere.
var kernelHelpers = map[string]bool{
	"memcpy": true, "__memcpy": true, "memset": true, "__memset": true, "memmove": true, "memcmp": true, "strlen": true, "strcmp": true, "strcpy": true, "memcpy_erms": true, "__list_add_valid": true,
	"__list_del_entry_valid": true, "__list_del_entry_valid_or_report": true, "__list_add_valid_or_report": true, "_raw_spin_lock": true, "_raw_spin_lock_irqsave": true, "_raw_spin_lock_bh": true,
	"native_queued_spin_lock_slowpath": true, "queued_spin_lock_slowpath": true, "kfree": true, "kmem_cache_free": true, "mutex_lock": true, "__mutex_lock": true, "__mutex_lock_slowpath": true,
	"rwsem_down_write_slowpath": true, "rwsem_down_read_slowpath": true, "down_write": true, "down_read": true, "__down": true, "down": true, "wait_for_completion": true, "__wait_for_common": true,
	"refcount_warn_saturate": true, "copy_user_generic_string": true, "__stack_chk_fail": true, "_raw_read_lock": true, "_raw_write_lock": true, "bit_wait_io": true, "__wait_on_bit": true,
}
