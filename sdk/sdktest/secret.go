package sdktest

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	pluginv1 "github.com/signalbox/signalbox/sdk/proto/signalbox/plugin/v1"
)

// AssertLeaksNoSecret fails the test if a value that the configuration's schema
// calls sensitive, or one of more, shows in anything that the plugin has said:
// its prints, outcomes, diagnostics and checks; plain, in base64 or as part of
// an address. It ends the plugin first, so that no print is missed; call it
// last. Make the calls that fail before it: errors are where secrets leak.
func AssertLeaksNoSecret(t testing.TB, c *Client, more ...string) {
	t.Helper()
	c.end()
	var config map[string]json.RawMessage
	if err := json.Unmarshal(c.config, &config); err != nil {
		t.Fatalf("reading the configuration: %v", err)
	}
	secrets := append(sensitive(c.description.Config, config), more...)
	if len(secrets) == 0 {
		t.Fatal("the configuration has no sensitive value, and no other was given")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range secrets {
		if where, found := leak(s, c.Stderr(), c.heard); found {
			t.Errorf("the plugin leaks a secret in %s", where)
		}
	}
}

// leak says where the secret shows.
func leak(secret, stderr string, heard []string) (string, bool) {
	forms := []string{secret, url.QueryEscape(secret), url.PathEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret))}
	for _, form := range forms {
		if strings.Contains(stderr, form) {
			return "what it prints", true
		}
		for _, h := range heard {
			if strings.Contains(h, form) {
				return "what it answers: " + strings.ReplaceAll(h, form, "(secret)"), true
			}
		}
	}
	return "", false
}

// sensitive collects the strings in the sensitive attributes of a
// configuration.
func sensitive(s *pluginv1.Schema, config map[string]json.RawMessage) []string {
	var out []string
	for _, a := range s.GetAttributes() {
		if a.Sensitive {
			var v any
			if json.Unmarshal(config[a.Name], &v) == nil {
				out = append(out, texts(v)...)
			}
		}
	}
	for _, b := range s.GetBlocks() {
		var one map[string]json.RawMessage
		var many []map[string]json.RawMessage
		if json.Unmarshal(config[b.Name], &one) == nil {
			many = append(many, one)
		} else if json.Unmarshal(config[b.Name], &many) != nil {
			continue
		}
		for _, nested := range many {
			out = append(out, sensitive(b.Schema, nested)...)
		}
	}
	return out
}

func texts(v any) []string {
	var out []string
	switch v := v.(type) {
	case string:
		if v != "" {
			out = append(out, v)
		}
	case []any:
		for _, e := range v {
			out = append(out, texts(e)...)
		}
	case map[string]any:
		for _, e := range v {
			out = append(out, texts(e)...)
		}
	}
	return out
}
