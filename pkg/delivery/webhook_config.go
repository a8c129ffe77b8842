package delivery

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"
)

const defaultTimeout = model.Duration(10 * time.Second)

// webhookConfig is the section webhook. URL, headers and body are templates
// over a Halt.
type webhookConfig struct {
	URL     string                  `yaml:"url"`
	Method  string                  `yaml:"method"`
	Headers map[string]string       `yaml:"headers"`
	Body    string                  `yaml:"body"`
	Done    []int                   `yaml:"done"`    // statuses, beside 2xx, that mean the rollout is halted
	Already []int                   `yaml:"already"` // statuses that mean it was halted, or had finished, before
	Timeout model.Duration          `yaml:"timeout"` // of one try, its answer included
	Hold    bool                    `yaml:"hold"`    // the receiver knows the action hold as well
	HTTP    config.HTTPClientConfig `yaml:",inline"`
}

var (
	headerName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

	// tokenLike finds words of a body that could be tokens: an answer that
	// echoes the body must not show them.
	tokenLike = regexp.MustCompile("[A-Za-z0-9_./+=~-]*[0-9][A-Za-z0-9_./+=~-]*")
)

var webhookMethods = []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodGet}

func newWebhook(section *yaml.Node) (Halter, error) {
	c := webhookConfig{Method: http.MethodPost, Timeout: defaultTimeout, HTTP: config.DefaultHTTPClientConfig}
	if err := decodeSection("webhook", section, &c); err != nil {
		return nil, err
	}
	w := &webhook{method: strings.ToUpper(c.Method), done: c.Done, already: c.Already, timeout: time.Duration(c.Timeout), secrets: masking(section)}
	if !slices.Contains(webhookMethods, w.method) {
		return nil, sectionError(section, "webhook.method: %q is not one of %s", c.Method, strings.Join(webhookMethods, ", "))
	}
	if w.timeout <= 0 {
		return nil, sectionError(section, "webhook.timeout must be longer than 0s")
	}
	if err := checkStatuses(section, c); err != nil {
		return nil, err
	}
	if err := w.parseURL(section, c.URL); err != nil {
		return nil, err
	}
	if err := w.parseContent(section, c); err != nil {
		return nil, err
	}
	var err error
	w.client, err = newClient(c.HTTP)
	if err != nil {
		return nil, sectionError(section, "webhook: %s", w.secrets.hide(err.Error()))
	}
	if c.Hold {
		return webhookHolder{w}, nil
	}
	return w, nil
}

func checkStatuses(section *yaml.Node, c webhookConfig) error {
	for key, list := range map[string][]int{"done": c.Done, "already": c.Already} {
		for _, s := range list {
			if s < 200 || s > 499 || retryable(s) {
				return sectionError(section, "webhook.%s: %d is not allowed; write statuses from 200 to 499, except 408 and 429", key, s)
			}
		}
	}
	return nil
}

func (w *webhook) parseURL(section *yaml.Node, text string) error {
	if text == "" {
		return sectionError(section, "webhook.url is missing; write where to send the request")
	}
	t, err := parse("url", text)
	if err != nil {
		return sectionError(section, "webhook.url: %w", err)
	}
	w.url = t
	// Two halts that differ in everything must go to the same host, or who
	// announces a rollout could choose who sees the credentials.
	var origins []string
	for _, word := range []string{"one", "two"} {
		raw, err := try(t, word)
		if err != nil {
			return sectionError(section, "webhook.url: %w", err)
		}
		u, err := url.Parse(raw)
		switch {
		case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
			return sectionError(section, "webhook.url must be an absolute http or https URL, such as https://ci.example/stop")
		case u.User != nil:
			return sectionError(section, "webhook.url must not contain a user or password; write basic_auth: {username: …, password_file: …}")
		}
		origins = append(origins, originOf(u))
	}
	if origins[0] != origins[1] {
		return sectionError(section, "webhook.url must name its host without a template; only the path may depend on the rollout")
	}
	w.origin = origins[0]
	return nil
}

// originOf returns the scheme and host of u; an empty port is none.
func originOf(u *url.URL) string { return u.Scheme + "://" + strings.TrimSuffix(u.Host, ":") }

func (w *webhook) parseContent(section *yaml.Node, c webhookConfig) (err error) {
	if w.body, err = parse("body", c.Body); err != nil {
		return sectionError(section, "webhook.body: %w", err)
	}
	for _, word := range tokenLike.FindAllString(c.Body, -1) {
		if len(word) >= 8 {
			w.secrets.add(word)
		}
	}
	w.headers = map[string]*template.Template{}
	typed := false
	for name, text := range c.Headers {
		canonical := http.CanonicalHeaderKey(name)
		typed = typed || canonical == "Content-Type"
		switch {
		case !headerName.MatchString(name):
			return sectionError(section, "webhook.headers: %q is not a valid header name", name)
		case slices.Contains([]string{"Host", "Content-Length", "Idempotency-Key", "Connection", "Transfer-Encoding"}, canonical):
			return sectionError(section, "webhook.headers: %s is set by Andon; leave it out", canonical)
		}
		t, err := parse(name, text)
		if err != nil {
			// The error would quote the header's value.
			return sectionError(section, "webhook.headers: the template of %s is not valid; the fields are .ID .Action .Rollout .Verdict .Reason, the functions json, urlquery, urlpath, base", name)
		}
		w.headers[name] = t
	}
	if c.Body != "" && !typed {
		w.headers["Content-Type"] = template.Must(template.New("").Parse("application/json"))
	}
	return nil
}

// newClient returns the client that an HTTP section of the configuration asks
// for. It follows a redirect only if that keeps the method and the host:
// another host must not see the credentials, and a page that answers GET with
// 200, such as a login form, has halted nothing.
func newClient(c config.HTTPClientConfig) (*http.Client, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	client, err := config.NewClientFromConfig(c, "halt", config.WithUserAgent("andon"))
	if err != nil {
		return nil, err
	}
	follow := c.FollowRedirects
	client.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		first := via[0]
		if !follow || len(via) > 4 || req.Method != first.Method || req.URL.Scheme != first.URL.Scheme || req.URL.Host != first.URL.Host {
			return http.ErrUseLastResponse
		}
		return nil
	}
	return client, nil
}
