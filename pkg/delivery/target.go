package delivery

import (
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/andon-project/andon/pkg/andon"
)

// A Target is the delivery tool that halts the rollouts of one service. Its
// YAML form is a mapping with one key, the name of the tool:
//
//	tool: {argo-rollouts: {namespace: shop, name: checkout}}
//
// It keeps no part of the configuration that could be printed: what it knows
// of secrets is inside Halter.
type Target struct {
	Tool   string `json:"tool"`
	Halter Halter `json:"-"`
}

// UnmarshalYAML implements yaml.Unmarshaler. All problems are returned at
// once, as a *yaml.TypeError whose texts begin with the line and never hold a
// value of the configuration that may be secret.
func (t *Target) UnmarshalYAML(n *yaml.Node) error {
	n = resolve(n)
	known := slices.Sorted(maps.Keys(tools))
	if n.Kind != yaml.MappingNode || len(n.Content) != 2 {
		return sectionError(n, "tool must name exactly one delivery tool; write one of %s", strings.Join(known, ", "))
	}
	key, section := n.Content[0], resolve(n.Content[1])
	build, ok := tools[key.Value]
	if !ok {
		return sectionError(key, "%q is not a delivery tool; %s", key.Value, andon.Suggest(key.Value, known))
	}
	h, err := build(section)
	if err != nil {
		return err
	}
	*t = Target{Tool: key.Value, Halter: h}
	return nil
}

// MarshalYAML implements yaml.Marshaler: it writes the tool and hides its section.
func (t Target) MarshalYAML() (any, error) {
	if t.Tool == "" {
		return nil, nil
	}
	return map[string]string{t.Tool: "<hidden>"}, nil
}
