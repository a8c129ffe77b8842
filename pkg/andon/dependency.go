package andon

import (
	"slices"
)

// DeclaredCall is what a Call.From says of one that a person wrote down, in
// Service.DependsOn; any other is the query whose answer showed it.
const DeclaredCall = "depends_on"

// Dependencies are the services that a service calls, as far as is known.
type Dependencies struct {
	Calls  []Call `json:"calls"`            // direct ones first, each group by name
	Notice string `json:"notice,omitempty"` // what is not known of them at present, and why; for people
}

// A Call says that a service calls another.
type Call struct {
	Service string `json:"service"`           // that is called
	Through string `json:"through,omitempty"` // the service that calls it, if it is called through others
	From    string `json:"from"`              // DeclaredCall, or the query that showed it
}

// Has reports whether a service is among those called; d may be nil.
func (d *Dependencies) Has(service string) bool {
	return d != nil && slices.ContainsFunc(d.Calls, func(c Call) bool { return c.Service == service })
}

// Edges hold by caller and callee what is known of direct calls: the From of a
// Call.
type Edges map[string]map[string]string

// Add adds a call. What was said of it first stands.
func (e Edges) Add(caller, callee, from string) {
	if e[caller] == nil {
		e[caller] = map[string]string{}
	}
	if _, known := e[caller][callee]; !known {
		e[caller][callee] = from
	}
}

// Calls returns the services that one calls, directly or through others:
// each once, with the fewest services between. A service does not call itself,
// whatever circle it is part of.
func (e Edges) Calls(service string) []Call {
	var out []Call
	seen := map[string]bool{service: true}
	for next := []string{service}; len(next) > 0; {
		var more []Call
		for _, caller := range next {
			for _, callee := range SortedKeys(e[caller]) {
				if seen[callee] {
					continue
				}
				seen[callee] = true
				c := Call{Service: callee, From: e[caller][callee]}
				if caller != service {
					c.Through = caller
				}
				more = append(more, c)
			}
		}
		next = nil
		for _, c := range more {
			next = append(next, c.Service)
		}
		out = append(out, more...)
	}
	return out
}

// Callees returns, for each service, the services that it calls directly or
// through others, sorted, of a map from services to those they call directly.
// A service that is called and is not known to call any has an empty list, not
// nil; one that nobody names is not in the result. A service does not call
// itself, whatever circle it is part of.
func Callees(direct map[string][]string) map[string][]string {
	edges := Edges{}
	for caller, called := range direct {
		for _, callee := range called {
			edges.Add(caller, callee, DeclaredCall)
		}
	}
	out := map[string][]string{}
	for name, called := range direct {
		if called == nil {
			continue
		}
		for _, service := range append([]string{name}, called...) {
			if _, ok := out[service]; !ok {
				out[service] = edges.reach(service)
			}
		}
	}
	return out
}

// reach returns the names of the services that one calls, sorted.
func (e Edges) reach(service string) []string {
	out := []string{}
	for _, c := range e.Calls(service) {
		out = append(out, c.Service)
	}
	slices.Sort(out)
	return out
}
