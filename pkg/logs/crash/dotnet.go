package crash

import (
	"strings"
)

// How .NET ends a process without an exception: a stack that overflowed,
// Environment.FailFast and Debug.Assert.
var dotNetEnds = []string{"Stack overflow.", "Process terminated. "}

// readDotNet reads an exception of .NET: the innermost.
func readDotNet(lines []string) (Crash, bool) {
	c := Crash{Runtime: DotNet}
	head := lines[0]
	if i := strings.LastIndex(head, " ---> "); i >= 0 {
		head = head[i+len(" ---> "):]
	}
	own := -1   // frames of the innermost
	cycle := -1 // where the calls start that a stack repeats
	for _, line := range lines[1:] {
		text := strings.TrimLeft(line, " \t")
		switch {
		case strings.HasPrefix(text, "---> (Inner Exception #"):
			// an AggregateException lists again what was said above
			if own < 0 {
				own = len(c.Frames)
			}
		case strings.HasPrefix(text, "---> "):
			head = text[len("---> "):]
			if i := strings.LastIndex(head, " ---> "); i >= 0 {
				head = head[i+len(" ---> "):]
			}
			c.Frames, own = nil, -1
		case strings.HasPrefix(text, "--- End of inner"):
			if own < 0 {
				own = len(c.Frames)
			}
		case strings.HasPrefix(text, "----------") && cycle < 0:
			cycle = len(c.Frames)
		case strings.HasPrefix(text, "----------"):
			c.Frames = append(c.Frames, c.Frames[cycle:]...)
		case frameLine(text):
			if f, ok := dotNetCall(text[len("at "):]); ok {
				c.Frames = append(c.Frames, f)
			}
		}
	}
	if own >= 0 && len(identifying(c.Frames[:own])) > 0 && identifying(c.Frames[:own])[0].InApp {
		c.Frames = c.Frames[:own]
	}
	var message string
	c.Class, message = classMessage(head)
	if strings.HasPrefix(head, dotNetEnds[0]) {
		c.Class, message = "System.StackOverflowException", ""
	} else if text, ok := strings.CutPrefix(head, dotNetEnds[1]); ok {
		c.Class, message = "FailFast", text
	}
	switch c.Class {
	case "System.InvalidCastException", "System.MissingMethodException", "System.MissingFieldException", "System.TypeLoadException":
		c.Message = parameteriseCode(message)
	default:
		c.Message = parameterise(message)
	}
	return c, c.Class != "" && len(c.Frames) > 0
}

// dotNetCall reads Shop.Cart.<Total>d__4.MoveNext() in /app/Cart.cs:line 12.
func dotNetCall(frame string) (Frame, bool) {
	open := strings.IndexByte(frame, '(')
	if open <= 0 {
		return Frame{}, false
	}
	name := dotNetName(frame[:open])
	if name == "" || hasPrefix(name, dotNetPlumbing) {
		return Frame{}, false
	}
	return Frame{Function: name, InApp: !hasPrefix(name, dotNetSystem)}, true
}

// dotNetName folds what a compiler makes of a method into it:
// Cart.<Total>d__4.MoveNext, Cart.<>c__DisplayClass3_0.<Total>b__1 → Cart.Total.
func dotNetName(name string) string {
	name = dotNetGenerics(strings.ReplaceAll(name, "+", "."))
	var out []string
	for p := range strings.SplitSeq(name, ".") {
		if arity := strings.IndexByte(p, '`'); arity >= 0 {
			p = p[:arity]
		}
		switch {
		case strings.HasPrefix(p, "<>c"), p == "MoveNext" && len(out) > 0, p == "":
			continue
		case strings.HasPrefix(p, "<"):
			inner, _, ok := strings.Cut(p[1:], ">")
			if !ok || inner == "" {
				continue
			}
			if i := strings.LastIndexByte(inner, '<'); i >= 0 { // a lambda in an async method
				inner = inner[i+1:]
			}
			if len(out) > 0 && out[len(out)-1] == inner {
				continue
			}
			p = inner
		}
		out = append(out, p)
	}
	return strings.Join(out, ".")
}

// dotNetGenerics drops type arguments, List`1[System.String] and Get[T].
func dotNetGenerics(s string) string { return outside(s, '[', ']') }

// Calls that only carry another.
var dotNetPlumbing = []string{
	"System.Runtime.CompilerServices.", "System.Runtime.ExceptionServices.", "System.Threading.Tasks.Task.", "System.Threading.ExecutionContext.",
	"System.Threading.ThreadPoolWorkQueue.", "System.RuntimeMethodHandle.", "System.Reflection.", "lambda_method",
}

var dotNetSystem = []string{
	"System.", "Microsoft.", "Internal.", "Interop.", "Newtonsoft.", "Npgsql.", "MySql.", "MySqlConnector.", "Dapper.", "Serilog.", "Grpc.", "Google.", "MediatR.",
	"AutoMapper.", "Polly.", "StackExchange.", "RabbitMQ.", "MassTransit.", "Azure.", "Amazon.", "Autofac.", "Castle.", "xunit.", "Xunit.", "NUnit.", "FluentValidation.",
	"Swashbuckle.", "Hangfire.", "Quartz.", "Confluent.", "MongoDB.", "OpenTelemetry.", "Nito.",
}
