// Package config is what the exporter is told: which sources and services there
// are, what is judged, and what may be halted. It reads that strictly and checks it.
package config

import (
	"fmt"
	"os"
	"strings"
	"time"

	promconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/delivery"
	"github.com/andon-project/andon/pkg/source"
	"github.com/andon-project/andon/pkg/strict"
)

// A Config is the exporter's configuration: where the samples are, what is
// judged, and what may be halted.
type Config struct {
	Prometheus Endpoint  `yaml:"prometheus"`
	Loki       *Endpoint `yaml:"loki,omitempty"` // needed by signals of logs and crashes

	// Tick is the time between two judgments of all rollouts under way.
	Tick model.Duration `yaml:"tick,omitempty"`

	// Bake is how long a rollout that does not end stays under way after its
	// last known stage.
	Bake model.Duration `yaml:"bake,omitempty"`

	Halt     Halt      `yaml:"halt,omitempty"`
	Auth     Auth      `yaml:"auth,omitempty"`
	Services []Service `yaml:"services"`

	// Dependencies are the queries that show which service calls which, beside
	// what services say themselves in depends_on.
	Dependencies []andon.CallQuery `yaml:"dependencies,omitempty"`

	Text  string      // of the file, to detect whether a reload changes anything
	Calls andon.Edges // that depends_on declares
}

// A Problem is one problem of a configuration.
type Problem = strict.Problem

// An Error holds all problems of a configuration.
type Error = strict.Error

// An Endpoint is an HTTP API with the client settings that Prometheus itself
// knows.
type Endpoint struct {
	URL  string                      `yaml:"url"`
	HTTP promconfig.HTTPClientConfig `yaml:",inline"`
}

// Halt says whether rollouts are halted, and how many at most.
type Halt struct {
	Mode   Mode   `yaml:"mode,omitempty"`
	Budget Budget `yaml:"budget,omitempty"`

	// Ambiguous says what is done about rollouts of which one made things
	// worse and it is unknown which.
	Ambiguous AmbiguousPolicy `yaml:"ambiguous,omitempty"`
}

// An AmbiguousPolicy says what is done about a set of rollouts of which one is
// to blame.
type AmbiguousPolicy string

// The policies.
const (
	HoldAmbiguous   AmbiguousPolicy = "hold"    // pause all whose tools can
	IgnoreAmbiguous AmbiguousPolicy = "nothing" // leave them to people
)

// A Mode says what is done about a rollout that failed.
type Mode string

// The modes.
const (
	ModeObserve Mode = "observe" // record the request that would be sent to the delivery tool
	ModeHalt    Mode = "halt"    // send it
)

// A Budget bounds how many rollouts are halted: Count within any span Per. It
// is written "3 per 1h".
type Budget struct {
	Count int
	Per   time.Duration
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (b *Budget) UnmarshalYAML(n *yaml.Node) error {
	var per string
	_, err := fmt.Sscanf(n.Value, "%d per %s", &b.Count, &per)
	d, perr := model.ParseDuration(per)
	if err != nil || perr != nil || b.Count < 1 || d == 0 || len(strings.Fields(n.Value)) != 3 {
		return fmt.Errorf("%q is not a halt budget; write a number of halts per duration, such as 3 per 1h", n.Value)
	}
	b.Per = time.Duration(d)
	return nil
}

// MarshalYAML implements yaml.Marshaler.
func (b Budget) MarshalYAML() (any, error) { return b.String(), nil }

// String returns the budget as it is written in the configuration.
func (b Budget) String() string {
	return fmt.Sprintf("%d per %s", b.Count, model.Duration(b.Per))
}

// Auth is what a caller must present at endpoints that change something. At
// most one of its fields is set; none lets everybody in.
type Auth struct {
	Token     promconfig.Secret `yaml:"token,omitempty"`
	TokenFile string            `yaml:"token_file,omitempty"` // read at every load of the configuration
}

// A Service is a service to judge, with the delivery tool that can halt its
// rollouts.
type Service struct {
	andon.Service `yaml:",inline"`
	Tool          *delivery.Target `yaml:"tool,omitempty"` // nil: its rollouts are judged, not halted
}

// defaultConfig returns the values of what a configuration leaves out.
func defaultConfig() Config {
	return Config{
		Prometheus: defaultEndpoint(),
		Tick:       model.Duration(30 * time.Second),
		Bake:       model.Duration(time.Hour),
		Halt:       Halt{Mode: ModeObserve, Budget: Budget{Count: 3, Per: time.Hour}, Ambiguous: HoldAmbiguous},
	}
}

func defaultEndpoint() Endpoint {
	return Endpoint{HTTP: promconfig.DefaultHTTPClientConfig}
}

// SetDefaults sets e to the values of what the configuration leaves out.
func (e *Endpoint) SetDefaults() { *e = defaultEndpoint() }

// Load reads and checks the configuration in a file. The error is a
// *Error with all problems of it, if the file could be read.
func Load(file string) (*Config, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	c, err := Parse(text)
	if ce, ok := err.(*Error); ok {
		ce.File = file
	}
	return c, err
}

// Parse checks a configuration. The error is an *Error with all its problems.
func Parse(text []byte) (*Config, error) {
	c := defaultConfig()
	c.Text = string(text)
	if err := strict.Read(text, &c, c.check); err != nil {
		return nil, err
	}
	c.complete()
	return &c, nil
}

// complete adds to DependsOn the services that are called through others.
func (c *Config) complete() {
	direct := make(map[string][]string)
	c.Calls = andon.Edges{}
	for _, s := range c.Services {
		direct[s.Name] = s.DependsOn
		for _, callee := range s.DependsOn {
			c.Calls.Add(s.Name, callee, andon.DeclaredCall)
		}
	}
	all := andon.Callees(direct)
	for i := range c.Services {
		c.Services[i].DependsOn = all[c.Services[i].Name]
	}
}

// Warnings returns sentences about parts of a valid configuration that may not
// do what its author expects.
func (c *Config) Warnings() []string {
	var out []string
	if c.Auth == (Auth{}) {
		out = append(out, "auth is not configured: anyone who can reach Andon can announce rollouts and request halts; set auth.token_file")
	}
	for _, s := range c.Services {
		if c.Halt.Mode == ModeHalt && s.Tool == nil {
			out = append(out, fmt.Sprintf("the service %s has no tool; its rollouts are judged but cannot be halted", s.Name))
		}
	}
	return out
}

// Signals returns the number of signals of all services.
func (c *Config) Signals() int {
	n := 0
	for _, s := range c.Services {
		n += len(s.Signals)
	}
	return n
}

// Service returns the service of that name.
func (c *Config) Service(name string) (Service, bool) {
	for _, s := range c.Services {
		if s.Name == name {
			return s, true
		}
	}
	return Service{}, false
}

// LogSource returns a client of the configured Loki, nil if none is configured.
// A query ends after timeout; warn receives the warnings in an answer, and may
// be nil.
func (c *Config) LogSource(timeout time.Duration, warn func(query string, warnings []string)) (*source.Loki, error) {
	if c.Loki == nil {
		return nil, nil
	}
	client, err := promconfig.NewClientFromConfig(c.Loki.HTTP, "loki")
	if err != nil {
		return nil, fmt.Errorf("loki: %w", err)
	}
	l, err := source.NewLoki(source.LokiConfig{URL: c.Loki.URL, Client: client, Timeout: timeout, Warn: warn})
	if err != nil {
		return nil, fmt.Errorf("loki: %w", err)
	}
	return l, nil
}

// MetricSource returns a function that queries the configured Prometheus. A
// query ends after timeout; warn receives the warnings in an answer, and may be
// nil.
func (c *Config) MetricSource(timeout time.Duration, warn func(query string, warnings []string)) (andon.RangeFunc, error) {
	client, err := promconfig.NewClientFromConfig(c.Prometheus.HTTP, "prometheus")
	if err != nil {
		return nil, fmt.Errorf("prometheus: %w", err)
	}
	p, err := source.NewPrometheus(source.PrometheusConfig{URL: c.Prometheus.URL, Client: client, Timeout: timeout, Warn: warn})
	if err != nil {
		return nil, fmt.Errorf("prometheus: %w", err)
	}
	return p.Range, nil
}

// ReadToken returns the token that callers must send, empty if none is needed.
func (a Auth) ReadToken() (string, error) {
	if a.TokenFile == "" {
		return string(a.Token), nil
	}
	b, err := os.ReadFile(a.TokenFile)
	if err != nil {
		return "", fmt.Errorf("auth.token_file: %w", err)
	}
	t := strings.TrimSpace(string(b))
	if t == "" {
		return "", fmt.Errorf("auth.token_file: %s is empty; write the token into it", a.TokenFile)
	}
	return t, nil
}
