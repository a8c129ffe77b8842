package judge

import (
	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
)

// twins are control nodes that are left out because they are candidate nodes
// under another name: a measurement under two names is not a control.
type twins map[string]bool

// find leaves out, from a bin on, control nodes that show the same values, to
// the last digit and not zero, as a candidate node in two or more continuous
// signals. It takes two signals because idle nodes share zeros and nodes of one
// host its memory.
func (t twins) find(bin int64, metrics metricSignals) {
	type pair struct{ candidate, control string }
	equal := map[pair]int{}
	for _, s := range metrics {
		if s.Kind.Scale() == andon.ShareScale || !s.ready() || s.next != bin {
			continue
		}
		byValue := map[float64][]string{}
		for name, r := range s.cand.Rows {
			if v := r.Values[bin-s.cand.First]; v != 0 && deviation.Known(v) {
				byValue[v] = append(byValue[v], name)
			}
		}
		for name, r := range s.ctrl.Rows {
			for _, other := range byValue[r.Values[bin-s.ctrl.First]] {
				equal[pair{other, name}]++
			}
		}
	}
	for p, n := range equal {
		if n >= 2 {
			t[p.control] = true
		}
	}
}
