package andon

// A CallQuery is a PromQL query that has a series for each pair of services of
// which one calls the other, as meshes and tracing count them. A pair counts
// while its value is above 0.
type CallQuery struct {
	Query  string `yaml:"query"`
	Caller string `yaml:"caller"` // label that names the one that calls, as services do
	Callee string `yaml:"callee"` // label that names the one that is called
}

// Check returns the problems of a query for calls between services.
func (q CallQuery) Check(parse Parsers) []Problem {
	var p problems
	if q.Query == "" {
		p.at("query", "is missing; write a PromQL query with a series for each pair of services, such as sum by (client, server) (rate(traces_service_graph_request_total[5m]))")
	}
	for _, end := range []struct{ key, label, such string }{{"caller", q.Caller, "client"}, {"callee", q.Callee, "server"}} {
		if end.label == "" {
			p.at(end.key, "is missing; write the label that names the %s, such as %s", end.key, end.such)
		}
		p.label(end.key, end.label)
	}
	if q.Caller == q.Callee && q.Caller != "" {
		p.at("callee", "%q is also the caller; write the label that names the called service", q.Callee)
	}
	p.promQL("query", q.Query, parse, q.Caller, q.Callee)
	return p
}
