package sdktest

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	pluginv1 "github.com/signalbox/signalbox/sdk/proto/signalbox/plugin/v1"
)

func TestFaults(t *testing.T) {
	schema := func(attrs ...*pluginv1.Attribute) *pluginv1.Schema { return &pluginv1.Schema{Attributes: attrs} }
	cases := map[string]struct {
		d    *pluginv1.DescribeResponse
		want []string
	}{
		"good": {&pluginv1.DescribeResponse{Name: "p", Config: schema(
			&pluginv1.Attribute{Name: "a", Type: []byte(`["map","number"]`), Default: []byte(`{"x":1}`)})}, nil},
		"no name": {&pluginv1.DescribeResponse{}, []string{"the plugin has no name"}},
		"attributes": {&pluginv1.DescribeResponse{Name: "p", Config: schema(
			&pluginv1.Attribute{Name: "a b", Type: []byte(`"string"`)},
			&pluginv1.Attribute{Name: "t", Type: []byte(`"text"`)},
			&pluginv1.Attribute{Name: "t", Type: []byte(`"number"`), Default: []byte(`"many"`), Required: true},
		)}, []string{
			`the configuration: "a b" is no name of an attribute or block`,
			`the configuration: t: the type "text": invalid primitive type name "text"`,
			`the configuration: there are two "t"`,
			`the configuration: t: the default "many": a number is required`,
			`the configuration: t is required and has a default`,
		}},
		"actions": {&pluginv1.DescribeResponse{Name: "p", Actions: []*pluginv1.Action{
			{Name: "a.b"}, {Name: "c"}, {Name: "c", Input: &pluginv1.Schema{Blocks: []*pluginv1.Block{{Name: "b"}}}},
		}}, []string{
			`the action "a.b" has no name that a route can refer to`,
			`there are two actions "c"`,
			`the action "c" has blocks, which only a configuration may have`,
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, faults(c.d)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSensitive(t *testing.T) {
	schema := &pluginv1.Schema{
		Attributes: []*pluginv1.Attribute{{Name: "open"}, {Name: "key", Sensitive: true}, {Name: "keys", Sensitive: true}},
		Blocks: []*pluginv1.Block{
			{Name: "one", Schema: &pluginv1.Schema{Attributes: []*pluginv1.Attribute{{Name: "pin", Sensitive: true}}}},
			{Name: "many", Repeats: true, Schema: &pluginv1.Schema{Attributes: []*pluginv1.Attribute{{Name: "pin", Sensitive: true}}}},
		},
	}
	var config map[string]json.RawMessage
	if err := json.Unmarshal([]byte(`{"open":"o","key":"k","keys":{"a":["l","m"]},"one":{"pin":"n"},"many":[{"pin":"p"},{"pin":""}]}`), &config); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"k", "l", "m", "n", "p"}, sensitive(schema, config)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLeak(t *testing.T) {
	cases := map[string]struct {
		stderr string
		heard  []string
		want   string
	}{
		"none":        {"calm", []string{"succeeded"}, ""},
		"printed":     {"key s3cr&t used", nil, "what it prints"},
		"in base64":   {"Basic czNjciZ0", nil, "what it prints"},
		"in a query":  {"GET /?key=s3cr%26t", nil, "what it prints"},
		"in outcomes": {"", []string{"retry", "unknown: s3cr&t"}, "what it answers: unknown: (secret)"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, found := leak("s3cr&t", c.stderr, c.heard)
			if got != c.want || found != (c.want != "") {
				t.Errorf("got %q, %v, want %q", got, found, c.want)
			}
		})
	}
}
