package backtest

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/demo/inprocess"
	"github.com/andon-project/andon/pkg/source"
)

// monday is when the history of these tests begins; it lasts four days.
var (
	monday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	friday = monday.AddDate(0, 0, 4)
)

// A pod is one node of the history.
type pod struct {
	app, name, version string
	from, to           time.Time // to is the zero time for those that stay
	fails              func(t time.Time) float64
}

// pods returns the nodes of three services. The shop has eight nodes and three
// rollouts: v2 goes out node by node; v3, which fails a fifth of its requests,
// goes to two more nodes and is taken back; v4 goes out node by node. The cart
// has six nodes, each of which fails for a quarter of an hour now and then,
// and no rollout. The bank has four nodes, which all get v2 at once and v1
// again half an hour later, and shows its latency ten minutes out of twenty.
func pods() []pod {
	well := func(time.Time) float64 { return .01 }
	at := func(day, hour, minute int) time.Time {
		return monday.AddDate(0, 0, day).Add(time.Duration(hour*60+minute) * time.Minute)
	}
	var out []pod
	for i := range 8 {
		second, third := at(0, 10, 3*i), at(2, 10, 3*i)
		out = append(out,
			pod{"shop", fmt.Sprintf("shop-v1-%d", i), "v1", monday, second, well},
			pod{"shop", fmt.Sprintf("shop-v2-%d", i), "v2", second, third, well},
			pod{"shop", fmt.Sprintf("shop-v4-%d", i), "v4", third, time.Time{}, well})
	}
	for i := range 2 {
		out = append(out, pod{"shop", fmt.Sprintf("shop-v3-%d", i), "v3", at(1, 10, 0), at(1, 10, 20), func(time.Time) float64 { return .2 }})
	}
	for i := range 6 {
		rng := rand.New(rand.NewPCG(uint64(i), 5))
		bursts := map[int64]bool{}
		for q := range int64(4 * 24 * 4) {
			bursts[q] = rng.Float64() < .03
		}
		fails := func(t time.Time) float64 {
			if bursts[int64(t.Sub(monday)/(15*time.Minute))] {
				return .9
			}
			return .01
		}
		out = append(out, pod{"cart", fmt.Sprintf("cart-%d", i), "v1", monday, time.Time{}, fails})
	}
	for i := range 4 {
		out = append(out,
			pod{"bank", fmt.Sprintf("bank-a-%d", i), "v1", monday, at(3, 10, 0), well},
			pod{"bank", fmt.Sprintf("bank-b-%d", i), "v2", at(3, 10, 0), at(3, 10, 30), well},
			pod{"bank", fmt.Sprintf("bank-c-%d", i), "v1", at(3, 10, 30), time.Time{}, well})
	}
	return out
}

// gap reports whether nothing was scraped at t: 40 minutes on Tuesday evening.
func gap(t time.Time) bool {
	from := monday.Add(44 * time.Hour)
	return !t.Before(from) && t.Before(from.Add(40*time.Minute))
}

// fill puts the samples of all nodes into a store, oldest first.
func fill(s *inprocess.Store) error {
	rng := rand.New(rand.NewPCG(7, 7))
	names := []string{"requests_rate", "errors_rate", "latency_seconds"}
	all := pods()
	refs := make([][3]storage.SeriesRef, len(all))
	app := s.DB.Appender(context.Background())
	for t := monday; !t.After(friday); t = t.Add(time.Minute) {
		for i, p := range all {
			ended := !p.to.IsZero() && !t.Before(p.to)
			stale := ended && t.Equal(p.to)
			if t.Before(p.from) || ended && !stale || gap(t) {
				continue
			}
			requests := math.Round(1200 * math.Exp(.05*rng.NormFloat64()))
			mean := requests * p.fails(t)
			values := [3]float64{requests / 60, max(0, math.Round(mean+math.Sqrt(mean)*rng.NormFloat64())) / 60, .1 * math.Exp(.1*rng.NormFloat64())}
			for k, v := range values {
				if p.app == "bank" && names[k] == "latency_seconds" && t.Minute()/10%2 == 0 {
					continue
				}
				if stale {
					v = math.Float64frombits(value.StaleNaN)
				}
				ref, err := app.Append(refs[i][k], labels.FromStrings("__name__", names[k], "app", p.app, "pod", p.name, "version", p.version), t.UnixMilli(), v)
				if err != nil {
					return err
				}
				refs[i][k] = ref
			}
		}
	}
	return app.Commit()
}

// past opens the history once for all tests.
var past = sync.OnceValues(func() (*inprocess.Store, error) {
	s, err := inprocess.OpenStore(inprocess.StoreConfig{Dir: storeDir, Lookback: 90 * time.Second}, nil)
	if err != nil {
		return nil, err
	}
	s.DB.DisableCompactions()
	return s, fill(s)
})

var storeDir string

func TestMain(m *testing.M) {
	var err error
	if storeDir, err = os.MkdirTemp("", "andon-backtest-"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(storeDir)
	m.Run()
}

func store(t *testing.T) *inprocess.Store {
	t.Helper()
	s, err := past()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func serviceOf(app string) andon.Service {
	by := func(metric string) string { return fmt.Sprintf(`sum by (pod, version) (%s{app="%s"})`, metric, app) }
	return andon.Service{
		Name: app, Node: "pod", Version: "version",
		Signals: []andon.Signal{
			{Name: "errors", Metric: by("errors_rate"), Per: by("requests_rate")},
			{Name: "latency", Metric: by("latency_seconds"), Unit: "seconds"},
		},
	}
}

// options are those of a backtest of all history.
func options(t *testing.T, apps ...string) Options {
	o := Options{Since: monday, Until: friday, Bake: 30 * time.Minute, Ask: store(t).Range, Resolve: source.Resolve, AtOnce: 2, Seed: 1}
	for _, a := range apps {
		o.Services = append(o.Services, serviceOf(a))
	}
	return o
}
