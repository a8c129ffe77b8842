package plugin

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"
)

// An upstream is something that this data source asks over HTTP.
type upstream struct {
	Name    string // for people
	URL     string // without a slash at its end; empty if it is not configured
	UID     string // of the user's own data source for it; empty if it is not known
	Client  *http.Client
	Timeout time.Duration // of one request; the asker's own if zero
}

// redacted returns the URL without a password.
func (u upstream) redacted() string {
	parsed, err := url.Parse(u.URL)
	if err != nil {
		return "the URL that is set"
	}
	return parsed.Redacted()
}

// A forwardedLogin says what of the user's own login goes on to an upstream.
// Grafana hands the data source only what its own fields of these names allow.
type forwardedLogin struct {
	OAuth   bool     `json:"oauthPassThru"`
	Cookies []string `json:"keepCookies"`
	all     bool     // whatever Grafana hands over
}

// newUpstream makes the client that s describes.
func newUpstream(ctx context.Context, name string, s backend.DataSourceInstanceSettings, login forwardedLogin) (u upstream, err error) {
	// The SDK asserts the types of what it finds in jsonData.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the HTTP settings of %s: a field of jsonData has a value of the wrong type: %v", name, p)
		}
	}()
	options, err := s.HTTPClientOptions(ctx)
	if err != nil {
		return upstream{}, fmt.Errorf("the HTTP settings of %s: %w", name, err)
	}
	options.ForwardHTTPHeaders = login.all || login.OAuth || len(login.Cookies) > 0
	chain := httpclient.DefaultMiddlewares()
	if options.ForwardHTTPHeaders && !login.all {
		own := options.BasicAuth != nil || options.Header.Get("Authorization") != ""
		chain = append(chain, httpclient.MiddlewareFunc(func(_ httpclient.Options, next http.RoundTripper) http.RoundTripper {
			return httpclient.RoundTripperFunc(func(req *http.Request) (*http.Response, error) {
				login.narrow(req, own)
				return next.RoundTrip(req)
			})
		}))
	}
	client, err := httpclient.NewProvider(httpclient.ProviderOptions{Timeout: &httpclient.DefaultTimeoutOptions, Middlewares: chain}).New(options)
	if err != nil {
		return upstream{}, fmt.Errorf("the HTTP settings of %s: %w", name, err)
	}
	u = upstream{Name: name, URL: strings.TrimRight(s.URL, "/"), Client: client}
	if options.Timeouts != nil {
		u.Timeout = options.Timeouts.Timeout
	}
	return u, nil
}

// narrow takes from a request what is not to be forwarded. The header
// Authorization stays if it is the upstream's own.
func (f forwardedLogin) narrow(req *http.Request, own bool) {
	if !f.OAuth {
		if !own {
			req.Header.Del(backend.OAuthIdentityTokenHeaderName)
		}
		req.Header.Del(backend.OAuthIdentityIDTokenHeaderName)
		req.Header.Del(backend.GrafanaUserSignInTokenHeaderName)
	}
	all := req.Cookies()
	req.Header.Del(backend.CookiesHeaderName)
	for _, c := range all {
		if slices.Contains(f.Cookies, c.Name) {
			req.AddCookie(c)
		}
	}
}

// proxyPath is how Grafana names a data source whose API it serves on.
var proxyPath = regexp.MustCompile(`/api/datasources/proxy/uid/([^/]+)`)

// proxiedUID returns the uid of the data source that a URL of Grafana's proxy
// leads to; empty if it is no such URL.
func proxiedUID(url string) string {
	if m := proxyPath.FindStringSubmatch(url); m != nil {
		return m[1]
	}
	return ""
}
