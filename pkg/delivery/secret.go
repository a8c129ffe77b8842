package delivery

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A mask takes secrets out of texts that others wrote: what a tool answered,
// what a library complains of. Texts of our own hold none to begin with.
// It is handled by pointer, so that printing its owner does not print it.
type mask struct{ words []string }

// minSecret is the length of the shortest secret that is looked for: to mask
// every "ab" in a text would spoil it and hide nothing.
const minSecret = 4

// add makes the mask cover word, also as URLs, forms and basic authentication
// write it.
func (m *mask) add(word string) {
	word = strings.TrimSpace(word)
	for _, w := range []string{word, url.QueryEscape(word), url.PathEscape(word)} {
		if len(w) >= minSecret && !slices.Contains(m.words, w) {
			m.words = append(m.words, w)
		}
	}
	// The longest goes first, or the rest of a secret that contains another would stay.
	slices.SortStableFunc(m.words, func(a, b string) int { return len(b) - len(a) })
}

// hide returns text without the secrets.
func (m *mask) hide(text string) string {
	for _, w := range m.words {
		text = strings.ReplaceAll(text, w, "<secret>")
	}
	return text
}

// with returns a mask that also covers what was sent in the headers of req,
// which may have come from files or a token server; of m alone if req is nil.
func (m *mask) with(req *http.Request) *mask {
	all := &mask{words: slices.Clone(m.words)}
	if req == nil {
		return all
	}
	for name, values := range req.Header {
		for _, v := range values {
			all.addHeader(name, v)
		}
	}
	return all
}

func (m *mask) addHeader(name, value string) {
	if slices.Contains([]string{"Accept", "Accept-Encoding", "Content-Type", "Idempotency-Key", "User-Agent"}, http.CanonicalHeaderKey(name)) {
		return
	}
	m.add(value)
	scheme, credentials, two := strings.Cut(value, " ")
	if !two {
		return
	}
	m.add(credentials)
	if strings.EqualFold(scheme, "basic") {
		if plain, err := base64.StdEncoding.DecodeString(credentials); err == nil {
			_, password, _ := strings.Cut(string(plain), ":")
			m.add(password)
		}
	}
}

// credentialKeys are the keys below which the configuration holds secrets.
var credentialKeys = []string{
	"basic_auth", "authorization", "oauth2", "bearer_token", "http_headers", "headers", "key", "proxy_connect_header", "proxy_url",
}

// plainKeys are keys below those that hold none, and whose values an error
// needs to be of use.
var plainKeys = []string{
	"username", "type", "client_id", "token_url", "scopes", "grant_type", "signature_algorithm", "tls_config", "proxy_url",
	"Accept", "Content-Type",
}

// masking returns the mask of all secrets that are written in a section of
// the configuration.
func masking(n *yaml.Node) *mask {
	m := &mask{}
	m.collect(resolve(n), false)
	return m
}

func (m *mask) collect(n *yaml.Node, secret bool) {
	switch n.Kind {
	case yaml.ScalarNode:
		if !secret {
			return
		}
		m.addHeader("", n.Value)
		if u, err := url.Parse(n.Value); err == nil && u.User != nil {
			password, _ := u.User.Password()
			m.add(password)
		}
	case yaml.SequenceNode:
		for _, item := range n.Content {
			m.collect(resolve(item), secret)
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i].Value
			below := secret && !slices.Contains(plainKeys, key) && !strings.HasSuffix(key, "_file") && key != "files" ||
				slices.Contains(credentialKeys, key)
			m.collect(resolve(n.Content[i+1]), below)
		}
	}
}
