package exporter

import (
	"strings"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// A rollout of a version that does not run fails through the real queries, and
// the metrics and the page tell of it.
func TestPreflightEndToEnd(t *testing.T) {
	s := sharedShop(t)
	for _, tc := range []struct {
		version string
		want    andon.Decision
		says    string
	}{
		{"v2", andon.Pass, ""},
		{"v3", andon.Fail, "preflight-version: version v3 was announced, but nothing ran it by"},
	} {
		t.Run(tc.version, func(t *testing.T) {
			c := &clock{now: noon.Add(25 * time.Minute)}
			text := configText(s.server.URL, "", "", "good") + `  version: version
  preflight:
  - version: {metric: 'requests{service="good"}'}
  - completeness: {metric: 'sum by (version) (requests{service="good"})', by: version}
  - scope: {at_most: 2, of: region}
`
			e := open(t, text, t.TempDir(), c)
			defer closeNow(t, e)
			body := strings.ReplaceAll(announcement("good-v", "good", noon), `"version":"v2","previous"`, `"version":"`+tc.version+`","scope":{"region":"eu,us"},"previous"`)
			want(t, 201, e.Handler(), "POST", "/api/v1/rollouts", body)
			e.Tick(t.Context(), c.Now())
			v, _ := verdictOf(e, "good-v")
			if v.Verdict != tc.want || !strings.HasPrefix(v.Reason, tc.says) {
				t.Errorf("%s: %s; want %s because %q", v.Verdict, v.Reason, tc.want, tc.says)
			}
			if page := want(t, 200, e.Handler(), "GET", "/metrics", ""); !strings.Contains(page, `signal="preflight-scope"`) {
				t.Errorf("the metrics do not tell of the checks:\n%s", ours(page))
			}
			if page := want(t, 200, e.Handler(), "GET", "/rollouts/good-v", ""); !strings.Contains(page, "preflight-completeness") || strings.Contains(page, ">to blame<") != (tc.want == andon.Fail) {
				t.Error("the page does not tell of the checks")
			}
		})
	}
}
