package plugin

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"
)

// A listener keeps the headers that it was sent.
type listener struct {
	*httptest.Server
	mu   sync.Mutex
	sent http.Header
}

func newListener(t *testing.T, answer string) *listener {
	l := &listener{}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.sent = r.Header.Clone()
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(answer))
	}))
	t.Cleanup(l.Close)
	return l
}

func (l *listener) header(name string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sent.Get(name)
}

// Each upstream is asked with its own credentials, and with nothing of the
// others' or of the user's that is not meant for it.
func TestUpstreamsHaveTheirOwnCredentials(t *testing.T) {
	prometheus, loki, exporter := newListener(t, two), newListener(t, two), newListener(t, "{}")
	d := instance(t, backend.DataSourceInstanceSettings{URL: prometheus.URL, BasicAuthEnabled: true, BasicAuthUser: "prom",
		JSONData: json.RawMessage(fmt.Sprintf(`{"httpHeaderName1":"X-Scope-OrgID","lokiUrl":%q,"exporterUrl":%q,
			"loki":{"basicAuth":true,"basicAuthUser":"loki","httpHeaderName1":"X-Scope-OrgID","keepCookies":["session"]},
			"exporter":{"httpHeaderName1":"Authorization","httpHeaderName2":"X-Team"}}`, loki.URL, exporter.URL)),
		DecryptedSecureJSONData: map[string]string{"basicAuthPassword": "a", "httpHeaderValue1": "one", "lokiBasicAuthPassword": "b", "lokiHttpHeaderValue1": "two",
			"exporterHttpHeaderValue1": "Bearer c", "exporterHttpHeaderValue2": "shop"}})
	ctx := forwarding(http.Header{"Cookie": {"session=1; other=2"}, "X-Id-Token": {"of the user"}})
	if got, err := d.CheckHealth(ctx, &backend.CheckHealthRequest{}); err != nil || got.Status != backend.HealthStatusOk {
		t.Fatal(got, err)
	}
	basic := func(user, password string) string {
		r := http.Request{Header: http.Header{}}
		r.SetBasicAuth(user, password)
		return r.Header.Get("Authorization")
	}
	for _, c := range []struct {
		upstream     *listener
		header, want string
	}{
		{prometheus, "Authorization", basic("prom", "a")}, {prometheus, "X-Scope-OrgID", "one"}, {prometheus, "X-Team", ""},
		{loki, "Authorization", basic("loki", "b")}, {loki, "X-Scope-OrgID", "two"}, {loki, "Cookie", "session=1"}, {loki, "X-Id-Token", ""},
		{exporter, "Authorization", "Bearer c"}, {exporter, "X-Team", "shop"}, {exporter, "X-Scope-OrgID", ""}, {exporter, "Cookie", ""}, {exporter, "X-Id-Token", ""},
	} {
		if got := c.upstream.header(c.header); got != c.want {
			t.Errorf("%s was sent %s %q, wanted %q", c.upstream.URL, c.header, got, c.want)
		}
	}
}

// forwarding is the context of a request whose headers Grafana hands over.
func forwarding(headers http.Header) context.Context {
	return httpclient.WithContextualMiddleware(context.Background(), httpclient.MiddlewareFunc(func(o httpclient.Options, next http.RoundTripper) http.RoundTripper {
		if !o.ForwardHTTPHeaders {
			return next
		}
		return httpclient.RoundTripperFunc(func(r *http.Request) (*http.Response, error) {
			for name, values := range headers {
				if r.Header.Get(name) == "" {
					r.Header[name] = values
				}
			}
			return next.RoundTrip(r)
		})
	}))
}

// The login of the user goes on to the upstreams that are set to get it, and
// to no other.
func TestOAuthIsForwarded(t *testing.T) {
	for _, c := range []struct{ name, loki, want string }{
		{"forwarded", `{"oauthPassThru":true}`, "Bearer of the user"},
		{"not forwarded", `{}`, ""},
		{"not forwarded with cookies", `{"keepCookies":["a"]}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			loki := newListener(t, two)
			d := instance(t, backend.DataSourceInstanceSettings{URL: prometheusServer(t, nil), JSONData: json.RawMessage(fmt.Sprintf(`{"oauthPassThru":true,"lokiUrl":%q,"loki":%s}`, loki.URL, c.loki))})
			if _, err := d.CheckHealth(forwarding(http.Header{"Authorization": {"Bearer of the user"}}), &backend.CheckHealthRequest{}); err != nil {
				t.Fatal(err)
			}
			if got := loki.header("Authorization"); got != c.want {
				t.Errorf("Loki was sent %q, wanted %q", got, c.want)
			}
		})
	}
}

// An upstream behind TLS is believed with its certificate, not without, and
// anyway if it is set so.
func TestUpstreamsBehindTLS(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(two))
	}))
	defer s.Close()
	certificate := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
	for _, c := range []struct{ name, loki, secret, says string }{
		{"with its certificate", `{"tlsAuthWithCACert":true}`, certificate, "Loki answers queries"},
		{"unseen", `{"tlsSkipVerify":true}`, "", "Loki answers queries"},
		{"unknown", `{}`, "", "no connection: tls: failed to verify certificate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := instance(t, backend.DataSourceInstanceSettings{URL: prometheusServer(t, nil), JSONData: json.RawMessage(fmt.Sprintf(`{"lokiUrl":%q,"loki":%s}`, s.URL, c.loki)),
				DecryptedSecureJSONData: map[string]string{"lokiTlsCACert": c.secret}})
			got, err := d.CheckHealth(context.Background(), &backend.CheckHealthRequest{})
			if err != nil || !strings.Contains(got.Message, c.says) {
				t.Errorf("%v, %v; wanted %q", got, err, c.says)
			}
		})
	}
}

// An upstream may want to see a certificate of ours.
func TestClientCertificates(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TLS.PeerCertificates) == 0 {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		_, _ = w.Write([]byte(`{}`))
	}))
	s.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	s.StartTLS()
	defer s.Close()
	own := s.TLS.Certificates[0] // any pair will do
	key, err := x509.MarshalPKCS8PrivateKey(own.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	text := func(kind string, b []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}))
	}
	d := instance(t, backend.DataSourceInstanceSettings{URL: prometheusServer(t, nil),
		JSONData: json.RawMessage(fmt.Sprintf(`{"exporterUrl":%q,"exporter":{"tlsAuth":true,"tlsAuthWithCACert":true,"serverName":"example.com"}}`, s.URL)),
		DecryptedSecureJSONData: map[string]string{"exporterTlsCACert": text("CERTIFICATE", s.Certificate().Raw),
			"exporterTlsClientCert": text("CERTIFICATE", own.Certificate[0]), "exporterTlsClientKey": text("PRIVATE KEY", key)}})
	if got, err := d.CheckHealth(context.Background(), &backend.CheckHealthRequest{}); err != nil || !strings.Contains(got.Message, "the exporter is ready") {
		t.Errorf("%v, %v", got, err)
	}
}

// Settings of the wrong type are told, and nothing panics.
func TestSettingsOfTheWrongType(t *testing.T) {
	for name, jsonData := range map[string]string{
		"a user that is a number":   `{"lokiUrl":"http://l","loki":{"basicAuth":true,"basicAuthUser":7}}`,
		"a header that is a number": `{"httpHeaderName1":7}`,
		"settings that are a text":  `{"loki":"http://l"}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(context.Background(), backend.DataSourceInstanceSettings{URL: "http://p", JSONData: json.RawMessage(jsonData),
				DecryptedSecureJSONData: map[string]string{"httpHeaderValue1": "x"}})
			if err == nil || !backend.IsDownstreamError(err) {
				t.Errorf("error is %v", err)
			}
		})
	}
}

// Grafana's own proxy to a data source, with the token of a service account,
// serves as an upstream, and links lead to that data source.
func TestThroughGrafanasProxy(t *testing.T) {
	grafana := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		behind := map[string]string{"prom-1": prometheusServer(t, shop()), "loki-1": lokiServer(t, cartLog())}
		rest, ok := strings.CutPrefix(r.URL.Path, "/grafana/api/datasources/proxy/uid/")
		uid, path, _ := strings.Cut(rest, "/")
		if !ok || behind[uid] == "" || r.Header.Get("Authorization") != "Bearer glsa_"+uid {
			http.Error(w, `{"message":"Unauthorized"}`, http.StatusUnauthorized)
			return
		}
		target, err := url.Parse(behind[uid])
		if err != nil {
			t.Error(err)
			return
		}
		r.URL.Path = "/" + path
		httputil.NewSingleHostReverseProxy(target).ServeHTTP(w, r)
	}))
	defer grafana.Close()
	proxy := grafana.URL + "/grafana/api/datasources/proxy/uid/"
	d := instance(t, backend.DataSourceInstanceSettings{UID: "uid-1", URL: proxy + "prom-1",
		JSONData:                json.RawMessage(`{"httpHeaderName1":"Authorization","lokiUrl":"` + proxy + `loki-1","loki":{"httpHeaderName1":"Authorization"}}`),
		DecryptedSecureJSONData: map[string]string{"httpHeaderValue1": "Bearer glsa_prom-1", "lokiHttpHeaderValue1": "Bearer glsa_loki-1"}})
	if got, err := d.CheckHealth(context.Background(), &backend.CheckHealthRequest{}); err != nil || got.Message != "Prometheus answers queries; Loki answers queries" {
		t.Errorf("%v, %v", got, err)
	}
	all := answers(t, d, false, map[string]string{"A": "{" + canary + "}", "B": "{" + cartLogs + "}"})
	if a := all["A"]; a.Error != nil || a.Frames[0].Rows() != 60 || !strings.Contains(asJSON(t, a.Frames), `"datasourceUid":"prom-1"`) {
		t.Errorf("deviation: %v", a.Error)
	}
	if b := all["B"]; b.Error != nil || b.Frames[0].Rows() == 0 || !strings.Contains(asJSON(t, b.Frames), `"datasourceUid":"loki-1"`) {
		t.Errorf("clusters: %v", b.Error)
	}
}

// cancelWithin is how soon a question has to end once nobody waits for its
// answer.
const cancelWithin = 100 * time.Millisecond

// TestCancelReachesEveryUpstream: whoever closes a panel frees the upstreams of
// its questions, of whatever type they are.
func TestCancelReachesEveryUpstream(t *testing.T) {
	for name, query := range goldens {
		t.Run(name, func(t *testing.T) {
			asked, gone := make(chan struct{}, 100), make(chan time.Time, 100)
			hangs := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				_ = r.ParseForm() // the server notices that a client has gone once the body is read
				asked <- struct{}{}
				<-r.Context().Done()
				gone <- time.Now()
			}))
			defer hangs.Close()
			d := instance(t, backend.DataSourceInstanceSettings{URL: hangs.URL, JSONData: json.RawMessage(fmt.Sprintf(`{"timeout":60,"lokiUrl":%q,"exporterUrl":%q}`, hangs.URL, hangs.URL))})
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			answered := make(chan struct{})
			go func() {
				defer close(answered)
				if _, err := d.QueryData(ctx, ask(map[string]string{"A": "{" + query + "}"})); err != nil {
					t.Error(err)
				}
			}()
			within(t, asked, "no upstream was asked")
			closed := time.Now()
			cancel()
			within(t, answered, "the query goes on")
			if took := within(t, gone, "an upstream still works for somebody who has gone").Sub(closed); took > cancelWithin {
				t.Errorf("an upstream was freed after %v", took)
			}
		})
	}
}
