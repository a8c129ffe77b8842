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

// An upstream is a server that this data source asks over HTTP.
type upstream struct {
	Name    string // for people
	URL     string // without a slash at its end; empty if it is not configured
	UID     string // of the user's own data source for it; empty if unknown
	Client  *http.Client
	Timeout time.Duration // of one request; if zero the client decides
}

// redacted returns the URL without a password.
func (u upstream) redacted() string {
	parsed, err := url.Parse(u.URL)
	if err != nil {
		return "its URL"
	}
	return parsed.Redacted()
}

// A forwardedLogin says which parts of the user's own login are forwarded to an
// upstream. Grafana passes to the plugin only what the data source's own fields
// of these names allow.
type forwardedLogin struct {
	OAuth   bool     `json:"oauthPassThru"`
	Cookies []string `json:"keepCookies"`
	all     bool     // everything that Grafana passes on
}

// newUpstream makes the upstream that s describes.
func newUpstream(ctx context.Context, name string, s backend.DataSourceInstanceSettings, login forwardedLogin) (u upstream, err error) {
	// The SDK panics if a field of jsonData has another type than it expects.
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

// narrow removes from a request what must not be forwarded. The header
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

// proxyPath matches the path under which Grafana proxies a data source.
var proxyPath = regexp.MustCompile(`/api/datasources/proxy/uid/([^/]+)`)

// proxiedUID returns the uid of the data source behind an address of Grafana's
// proxy; empty for any other address.
func proxiedUID(address string) string {
	if m := proxyPath.FindStringSubmatch(address); m != nil {
		return m[1]
	}
	return ""
}
