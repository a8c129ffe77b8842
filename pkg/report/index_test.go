package report

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

const evil = `<script>alert(1)</script>" onload="x`

func TestWriteIndex(t *testing.T) {
	began := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	var b strings.Builder
	err := WriteIndex(&b, IndexPage{
		At: began.Add(time.Hour),
		UnderWay: []Row{
			{Rollout: andon.Rollout{ID: "checkout-v2", Service: evil, Version: evil, Started: began}, Href: "rollouts/checkout-v2",
				Verdict: andon.Verdict{Verdict: andon.Fail, Score: .9999, Evidence: 41250, Reason: evil}},
			{Rollout: andon.Rollout{ID: "new", Service: "ads", Started: began}, Href: "javascript:alert(1)"},
		},
		Ended: []Row{{Rollout: andon.Rollout{ID: "old", Service: "ads", Started: began, Ended: began.Add(time.Minute)},
			Verdict: andon.Verdict{Verdict: andon.Inconclusive, Score: andon.Unknown, Evidence: andon.Unknown, Reason: "no data"}}},
		Notes: []string{"Prometheus does not answer"},
	})
	if err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, want := range []string{"<title>Andon</title>", `<a href="rollouts/checkout-v2">checkout-v2</a>`, "41,250 to 1", "&gt; 99.9%", "not yet judged",
		"ended 2024-05-01 12:01:00 UTC", `class="pill is-inconclusive"`, "Prometheus does not answer", "as of 2024-05-01 13:00:00 UTC"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not hold %q", want)
		}
	}
	checkInert(t, page)
}

// checkInert fails if the page could run a script or ask for something, or if
// its style is not the one that ContentSecurityPolicy allows.
func checkInert(t *testing.T, page string) {
	t.Helper()
	for _, never := range []string{"<script", `"javascript:`, " onload=\"", "style=", "@import", "url(", "<img", "<link", "<iframe"} {
		if strings.Contains(page, never) {
			i := strings.Index(page, never)
			t.Errorf("the page holds %q: …%s…", never, page[max(0, i-80):min(len(page), i+80)])
		}
	}
	_, rest, _ := strings.Cut(page, "<style>")
	inline, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(inline))
	if hash := base64.StdEncoding.EncodeToString(sum[:]); !strings.Contains(ContentSecurityPolicy, "'sha256-"+hash+"'") {
		t.Errorf("the page's style is not the one that the policy %s allows", ContentSecurityPolicy)
	}
}
