package cluster

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// labelledDir holds logs with labels, outside of the repository.
const labelledDir = "../../../../shared/logs"

func readLabelled(t testing.TB) []labelled {
	t.Helper()
	dirs, _ := filepath.Glob(filepath.Join(labelledDir, "*", "truth.txt"))
	if len(dirs) == 0 {
		t.Skipf("the labelled logs are not in %s", labelledDir)
	}
	var all []labelled
	for _, d := range dirs {
		d = filepath.Dir(d)
		l := labelled{name: filepath.Base(d)}
		for name, to := range map[string]*[]string{"body.txt": &l.body, "raw.txt": &l.raw, "truth.txt": &l.truths} {
			text, err := os.ReadFile(filepath.Join(d, name))
			if err != nil {
				t.Fatal(err)
			}
			*to = strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		}
		all = append(all, l)
	}
	return all
}

// TestAccuracy holds the accuracy on the labelled logs to floors.
func TestAccuracy(t *testing.T) {
	logs := readLabelled(t)
	var sum [6]float64
	for _, l := range logs {
		var got [6]float64
		ids, texts := clusterAll(l.body)
		got[0], got[1], got[2] = score(ids, texts, l.truths)
		ids, texts = clusterAll(l.raw)
		got[3], got[4], got[5] = score(ids, texts, l.truths)
		t.Logf("%-10s GA %.3f FGA %.3f PA %.3f   raw GA %.3f FGA %.3f PA %.3f", l.name, got[0], got[1], got[2], got[3], got[4], got[5])
		for i := range sum {
			sum[i] += got[i] / float64(len(logs))
		}
	}
	t.Logf("mean       GA %.3f FGA %.3f PA %.3f   raw GA %.3f FGA %.3f PA %.3f", sum[0], sum[1], sum[2], sum[3], sum[4], sum[5])
	for i, floor := range []float64{.95, .94, .85, .95, .94, .85} {
		if sum[i] < floor {
			t.Errorf("mean %d is %.3f, below %.2f", i, sum[i], floor)
		}
	}
}

// TestKnown: of the second half of a log, the lines whose template did not
// occur in the first are unknown, and only they.
func TestKnown(t *testing.T) {
	right, wrong, missed := 0, 0, 0
	for _, l := range readLabelled(t) {
		half := len(l.body) / 2
		ids, _ := clusterAll(l.body)
		known, true1 := map[ID]bool{}, map[string]bool{}
		for i := range half {
			known[ids[i]], true1[l.truths[i]] = true, true
		}
		for i := half; i < len(ids); i++ {
			switch {
			case !known[ids[i]] && !true1[l.truths[i]]:
				right++
			case !known[ids[i]]:
				wrong++
			case !true1[l.truths[i]]:
				missed++
			}
		}
	}
	precision, recall := float64(right)/float64(right+wrong), float64(right)/float64(right+missed)
	t.Logf("unknown lines: %d right, %d wrong, %d missed: precision %.3f, recall %.3f", right, wrong, missed, precision, recall)
	if precision < .95 || recall < .97 {
		t.Errorf("precision %.3f and recall %.3f of unknown lines, want .95 and .97", precision, recall)
	}
}
