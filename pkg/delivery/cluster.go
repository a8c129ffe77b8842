package delivery

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/andon-project/andon/pkg/andon"
)

// clusterConfig is what the tools of Kubernetes have in common: the object, and
// the cluster that it is in. Without kubeconfig, context and api that is the
// cluster that Andon runs in.
type clusterConfig struct {
	Namespace    string         `yaml:"namespace"`
	Name         string         `yaml:"name"`
	VersionLabel string         `yaml:"version_label"` // label of the pod template that names the version
	Kubeconfig   string         `yaml:"kubeconfig"`    // file; that of KUBECONFIG or ~/.kube/config if only context is set
	Context      string         `yaml:"context"`
	API          *apiConfig     `yaml:"api"`
	Timeout      model.Duration `yaml:"timeout"` // of one try, with all its requests
}

// apiConfig says where the Kubernetes API is, instead of a kubeconfig.
type apiConfig struct {
	URL  string                  `yaml:"url"`
	HTTP config.HTTPClientConfig `yaml:",inline"`
}

var defaultCluster = clusterConfig{VersionLabel: "app.kubernetes.io/version", Timeout: defaultTimeout}

// A cluster is the connection to one Kubernetes API. It connects for the first time
// when it is needed, so that a configuration can be checked anywhere.
type cluster struct {
	config  clusterConfig // without secrets: API is nil
	api     *rest.Config  // set if the API's URL was configured
	direct  *http.Client  // goes with api
	secrets *mask

	mu     sync.Mutex
	client dynamic.Interface
	host   string
}

func (c clusterConfig) validate(tool string, section *yaml.Node) error {
	switch {
	case c.Name == "" || c.Namespace == "":
		return sectionError(section, "%s needs namespace and name: {namespace: shop, name: checkout}", tool)
	case len(validation.IsDNS1123Label(c.Namespace)) > 0:
		return sectionError(section, "%s.namespace: %q is not a valid namespace name", tool, c.Namespace)
	case len(validation.IsDNS1123Subdomain(c.Name)) > 0:
		return sectionError(section, "%s.name: %q is not a valid object name", tool, c.Name)
	case len(validation.IsQualifiedName(c.VersionLabel)) > 0:
		return sectionError(section, "%s.version_label: %q is not a valid label name; write one such as %s", tool, c.VersionLabel, defaultCluster.VersionLabel)
	case c.API != nil && (c.Kubeconfig != "" || c.Context != ""):
		return sectionError(section, "%s: api cannot be combined with kubeconfig or context; leave one out", tool)
	case c.Timeout <= 0:
		return sectionError(section, "%s.timeout must be longer than 0s", tool)
	}
	return nil
}

// newCluster returns the connection to the API that c describes.
func newCluster(tool string, section *yaml.Node, c clusterConfig) (*cluster, error) {
	if err := c.validate(tool, section); err != nil {
		return nil, err
	}
	target := &cluster{config: c, secrets: masking(section)}
	target.config.API = nil
	if c.API == nil {
		return target, nil
	}
	u, err := url.Parse(c.API.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "":
		return nil, sectionError(section, "%s.api.url must be an absolute http or https URL, such as https://kubernetes.example:6443", tool)
	case u.User != nil:
		return nil, sectionError(section, "%s.api.url must not contain a user or password; write authorization: {credentials_file: …}", tool)
	}
	if target.direct, err = newClient(c.API.HTTP); err != nil {
		return nil, sectionError(section, "%s.api: %s", tool, target.secrets.hide(err.Error()))
	}
	target.api = &rest.Config{Host: c.API.URL}
	return target, nil
}

// UnmarshalYAML gives the HTTP settings their defaults.
func (a *apiConfig) UnmarshalYAML(n *yaml.Node) error {
	type plain apiConfig
	*a = apiConfig{HTTP: config.DefaultHTTPClientConfig}
	return n.Decode((*plain)(a))
}

// connect returns the client of the API, and its host as people may see it.
func (c *cluster) connect() (dynamic.Interface, string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.client != nil {
		return c.client, c.host, nil
	}
	cfg, web := c.api, c.direct
	var err error
	if cfg == nil {
		if cfg, err = c.settings(); err != nil {
			return nil, "", err
		}
		if web, err = rest.HTTPClientFor(cfg); err != nil {
			return nil, "", err
		}
	}
	cfg = rest.CopyConfig(cfg)
	cfg.UserAgent = "andon"
	cfg.QPS = -1 // a halt is three requests, and must not wait for its turn
	cfg.WarningHandler = rest.NoWarnings{}
	cfg.Timeout = 0 // the context limits the wait
	guarded := &http.Client{
		Transport: &guard{next: cmp.Or(web.Transport, http.DefaultTransport)},
		// The API does not redirect; who does must not see the credentials.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	client, err := dynamic.NewForConfigAndClient(cfg, guarded)
	if err != nil {
		return nil, "", err
	}
	base, _, err := rest.DefaultServerUrlFor(cfg)
	if err != nil {
		return nil, "", err
	}
	c.client, c.host = client, base.Scheme+"://"+base.Host+strings.TrimSuffix(base.Path, "/")
	return c.client, c.host, nil
}

func (c *cluster) settings() (*rest.Config, error) {
	if c.config.Kubeconfig == "" && c.config.Context == "" {
		return rest.InClusterConfig()
	}
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = c.config.Kubeconfig
	over := &clientcmd.ConfigOverrides{CurrentContext: c.config.Context}
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, over).ClientConfig()
}

// maxAnswer is how much of an answer is read, in bytes. A list of a Deployment's
// ReplicaSets is rarely a tenth of it.
const maxAnswer = 16 << 20

// A guard protects the client from the server: it cuts off answers
// without end, and takes away Retry-After, for which the client would sleep.
// When to try again is for the caller to say.
type guard struct{ next http.RoundTripper }

func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := g.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	resp.Header.Del("Retry-After")
	if seen, ok := req.Context().Value(answerLogKey{}).(*answerLog); ok {
		seen.note(resp)
	}
	// Read here, a broken answer is an error of the request; the client would
	// write it to standard error besides.
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	_ = resp.Body.Close() // all of it was read, or its error tells
	if err == nil && len(body) > maxAnswer {
		err = fmt.Errorf("the answer is larger than %s", andon.Quantity(maxAnswer, "bytes"))
	}
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// An answerLog holds the last answer to one attempt.
type answerLog struct {
	mu      sync.Mutex
	status  int           // of the last answer
	request *http.Request // as it was sent, with its credentials
}

type answerLogKey struct{}

func (w *answerLog) note(resp *http.Response) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.status, w.request = resp.StatusCode, resp.Request
}

// forget clears the log before the next request.
func (w *answerLog) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.status = 0
}

func (w *answerLog) last() (status int, sent *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.status, w.request
}

// An attempt is one try to halt one object: its deadline, its client and the answers.
type attempt struct {
	ctx     context.Context // lives as long as the attempt and no longer
	client  dynamic.Interface
	host    string
	answers *answerLog
}

// begin starts an attempt that lasts for at most the configured time.
func (c *cluster) begin(ctx context.Context) (*attempt, context.CancelFunc, error) {
	client, host, err := c.connect()
	if err != nil {
		return nil, nil, err
	}
	seen := &answerLog{}
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, answerLogKey{}, seen), time.Duration(c.config.Timeout))
	return &attempt{ctx: ctx, client: client, host: host, answers: seen}, cancel, nil
}

// notConnected says what to try when there is no connection to a cluster.
func notConnected(err error) string {
	if errors.Is(err, rest.ErrNotInCluster) {
		return "Andon does not run inside a cluster; set kubeconfig and context, or api"
	}
	return "check kubeconfig and context, or the mounted service account"
}
