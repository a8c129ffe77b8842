package crash

import (
	"strconv"
	"strings"
)

// javaFrame tells whether a call is written as the JVM does:
// java.base/java.util.List.get(List.java:12).
func javaFrame(frame string) bool {
	open := strings.LastIndexByte(frame, '(')
	if open <= 0 || frame[open-1] == ' ' {
		return false
	}
	in, _, ok := strings.Cut(frame[open+1:], ")")
	if !ok {
		return false
	}
	switch in {
	case "Native Method", "Unknown Source", "<generated>", "NO_SOURCE_FILE", "SourceFile":
		return true
	}
	file, line, ok := strings.Cut(in, ":")
	return !strings.Contains(file, " ") && (ok && digitsOnly(line) || !ok && hasSuffix(file, jvmSources))
}

// The files of languages of the JVM.
var jvmSources = []string{".java", ".kt", ".scala", ".groovy", ".clj"}

func hasSuffix(name string, suffixes []string) bool {
	for _, s := range suffixes {
		if strings.HasSuffix(name, s) {
			return true
		}
	}
	return false
}

// readJava reads a throwable of the JVM: the innermost cause with its calls,
// and those that it shares with what it caused.
func readJava(lines []string) (Crash, bool) {
	chain := []cause{{head: lines[0]}}
	suppressed := -1 // indentation of the suppressed throwable that is passed over
	wrapped := false // the innermost was printed first
	for _, line := range lines[1:] {
		text := strings.TrimLeft(line, " \t")
		indent := len(line) - len(text)
		if suppressed >= 0 && indent > suppressed {
			continue
		}
		last := &chain[len(chain)-1]
		switch {
		case strings.HasPrefix(text, "Suppressed: "):
			suppressed = indent
			continue
		case strings.HasPrefix(text, "Caused by: ") && (suppressed < 0 || indent < suppressed):
			chain = append(chain, cause{head: text[len("Caused by: "):]})
			suppressed = -1
		case strings.HasPrefix(text, "Wrapped by: "):
			wrapped = true
		case suppressed >= 0, wrapped:
		case strings.HasPrefix(text, "... "):
			n, _, _ := strings.Cut(text[len("... "):], " ")
			last.common, _ = strconv.Atoi(n)
		case frameLine(text):
			last.frames = append(last.frames, text[len("at "):])
		}
	}
	c := Crash{Runtime: Java}
	class, message := classMessage(chain[len(chain)-1].head)
	c.Class, c.Message = javaClass(class), javaMessage(class, message)
	for _, f := range withCommon(chain) {
		if fn := javaFunction(f); fn != "" {
			c.Frames = append(c.Frames, Frame{Function: fn, InApp: !hasPrefix(fn, javaSystem)})
		}
	}
	return c, c.Class != "" && len(c.Frames) > 0
}

// withCommon are the calls of the innermost cause and, after them, those that
// it shares with the throwables around it. Time is linear in all frames.
func withCommon(chain []cause) []string {
	k := len(chain) - 1
	all := chain[k].frames
	need := chain[k].common
	for k--; k >= 0 && need > 0; k-- {
		own := chain[k].frames
		if full := len(own) + chain[k].common; need > chain[k].common && need <= full {
			all = append(all, own[len(own)-(need-chain[k].common):]...)
			need = chain[k].common
		} else if need > full { // lines were lost
			all = append(all, own...)
			need = chain[k].common
		}
	}
	return all
}

// javaClass drops the numbers of anonymous classes.
func javaClass(class string) string { return strings.Join(javaNested(class), "$") }

// javaMessage keeps the names of code in the messages that the JVM writes of it.
func javaMessage(class, message string) string {
	if message == "null" {
		return ""
	}
	if strings.HasPrefix(message, "No enum constant ") {
		message = message[:strings.LastIndexByte(message, '.')+1] + "<*>"
	}
	switch class {
	case "java.net.UnknownHostException":
		_, message, _ = strings.Cut(message, ": ")
	case "java.lang.NullPointerException", "java.lang.NoSuchMethodError", "java.lang.NoClassDefFoundError", "java.lang.ClassNotFoundException",
		"java.lang.ClassCastException", "java.lang.NoSuchFieldError", "java.lang.AbstractMethodError", "java.lang.IncompatibleClassChangeError":
		// of a class the loader is told too, which a build changes
		message, _, _ = strings.Cut(message, " (")
		return parameteriseCode(message)
	}
	return parameterise(message)
}

// javaFunction is class and method of a call without what the compiler or a
// proxy made up; "" for a call that only those made.
func javaFunction(frame string) string {
	open := strings.LastIndexByte(frame, '(')
	if open < 0 {
		return ""
	}
	name := frame[:open]
	if strings.Contains(name, "$$Lambda") || strings.Contains(name, "CGLIB") || strings.Contains(name, "$Proxy") || strings.Contains(name, "HibernateProxy$") ||
		strings.Contains(name, "ByteBuddy") || strings.Contains(name, "_COROUTINE.") || strings.Contains(name, "access$") {
		return ""
	}
	name = name[strings.LastIndexByte(name, '/')+1:] // module and loader
	if hasPrefix(name, javaPlumbing) {
		return ""
	}
	dot := strings.LastIndexByte(name, '.')
	if dot <= 0 {
		return name
	}
	class, method := javaNested(name[:dot]), javaMethod(name[dot+1:])
	if method == "invokeSuspend" && len(class) > 1 {
		// Cart$total$1.invokeSuspend is the body of Cart.total
		method, class = class[len(class)-1], class[:len(class)-1]
	}
	return strings.Join(class, "$") + "." + method
}

// javaNested are the parts of a class's name between dollars, without numbers.
func javaNested(class string) []string {
	parts := strings.Split(class, "$")
	out := parts[:0]
	for _, p := range parts {
		if p != "" && !digitsOnly(p) {
			out = append(out, p)
		}
	}
	return out
}

// javaMethod folds what a compiler makes of a method into it:
// lambda$total$0, total$lambda-1, total$default, $anonfun$total$1 → total.
func javaMethod(m string) string {
	if strings.HasPrefix(m, "lambda$") || strings.HasPrefix(m, "$anonfun$") {
		m = m[strings.IndexByte(m[1:], '$')+2:]
	}
	if i := strings.IndexByte(m, '$'); i > 0 {
		m = m[:i]
	}
	if i := strings.IndexByte(m, '-'); i > 0 { // Kotlin's inline classes: total-impl, total-WZ4Q5Ns
		m = m[:i]
	}
	return m
}

// Calls that only carry another.
var javaPlumbing = []string{
	"java.lang.reflect.", "jdk.internal.reflect.", "sun.reflect.", "java.lang.invoke.", "jdk.internal.vm.", "com.sun.proxy.", "jdk.proxy",
	"kotlin.coroutines.", "kotlinx.coroutines.", "kotlin.reflect.",
}

var javaSystem = []string{
	"java.", "javax.", "jakarta.", "jdk.", "sun.", "com.sun.", "kotlin.", "kotlinx.", "scala.", "groovy.", "clojure.", "android.", "androidx.", "dalvik.",
	"com.android.", "org.springframework.", "org.apache.", "org.hibernate.", "org.eclipse.", "org.jboss.", "org.junit.", "org.mockito.", "org.slf4j.",
	"org.postgresql.", "org.mariadb.", "com.mysql.", "oracle.", "com.microsoft.sqlserver.", "com.zaxxer.", "com.fasterxml.", "com.google.", "io.netty.",
	"io.grpc.", "io.undertow.", "io.vertx.", "io.micronaut.", "io.quarkus.", "io.reactivex.", "io.ktor.", "io.lettuce.", "io.opentelemetry.", "io.micrometer.",
	"reactor.", "rx.", "akka.", "play.", "okhttp3.", "okio.", "retrofit2.", "redis.clients.", "ch.qos.logback.", "feign.", "net.bytebuddy.", "lombok.",
	"software.amazon.awssdk.", "com.amazonaws.", "com.mongodb.", "com.netflix.", "brave.", "zipkin2.", "cats.", "zio.",
}

// hotspot reads what the JVM prints when it dies itself (hs_err).
var hotspot = dialect{
	anchors: []string{"A fatal error has been detected by the Java Runtime"},
	opens:   func(line string, at int) (string, bool) { return line, true },
	roleOf: func(s *stack, line string) role {
		switch text := strings.TrimLeft(line, "# "); {
		case !strings.HasPrefix(line, "#"):
			return roleForeign
		case strings.HasPrefix(text, "SIG"), strings.HasPrefix(text, "Internal Error"), strings.HasPrefix(text, "EXCEPTION_"), strings.HasPrefix(text, "Out of Memory Error"):
			return roleInside
		case strings.HasPrefix(text, "Problematic frame:"):
			s.phase = 1
		case s.phase == 1 && text != "":
			return roleLast
		}
		return roleBlank
	},
	read: readHotspot,
}

func readHotspot(lines []string) (Crash, bool) {
	c := Crash{Runtime: Java, Class: "fatal error"}
	for _, line := range lines[1:] {
		text := strings.TrimLeft(line, "# ")
		if len(text) > 3 && text[1] == ' ' { // "C  [libc.so.6+0x1234]  memcpy+0x12", "J 123 c2 com.shop.Cart.total()I", "V  [libjvm.so+0x..]  Foo::bar()+0x1"
			c.Frames = []Frame{hotspotFrame(strings.TrimSpace(text[1:]))}
		} else if i := strings.IndexAny(text, " ("); i > 0 {
			c.Class = text[:i]
		}
	}
	return c, true
}

func hotspotFrame(text string) Frame {
	if rest, ok := strings.CutPrefix(text, "["); ok {
		in, fn, _ := strings.Cut(rest, "]")
		module, offset, _ := cutLastPlus(in)
		if fn, _, _ = cutLastPlus(strings.TrimSpace(fn)); fn != "" {
			return Frame{Module: binary(module), Function: cppName(fn), InApp: !systemLibrary(module)}
		}
		return Frame{Module: binary(module), Function: "+" + offset, InApp: !systemLibrary(module)}
	}
	for w := range strings.FieldsSeq(text) {
		if strings.IndexByte(w, '.') > 0 {
			name, _, _ := strings.Cut(w, "(")
			return Frame{Function: name, InApp: !hasPrefix(name, javaSystem)}
		}
	}
	return Frame{Function: text}
}
