package webhook

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/signalbox/signalbox/plugins/internal/outbound"
	"github.com/signalbox/signalbox/sdk"
)

type config struct {
	URL     string            `json:"url"`
	Secret  string            `json:"secret"`
	Headers map[string]string `json:"headers"`
}

type webhook struct {
	config
	key    []byte
	client *http.Client
}

// New returns the plugin.
func New() *sdk.Plugin {
	w := new(webhook)
	return &sdk.Plugin{
		Name: "webhook",
		Doc:  "Posts events to a URL, signed.",
		Config: sdk.Schema{Attrs: []sdk.Attr{
			{Name: "url", Type: sdk.String, Doc: "Where to post. A delivery may name another."},
			{Name: "secret", Type: sdk.String, Required: true, Sensitive: true,
				Doc: "What the posts are signed with: whsec_ and base64, as Standard Webhooks has it, or any other text of at least 24 bytes."},
			{Name: "headers", Type: sdk.Map(sdk.String), Sensitive: true,
				Doc: "Further headers of every post: an Authorization, say."},
		}},
		Validate:  validate,
		Configure: w.configure,
		Check:     w.check,
		Actions: []sdk.Action{{
			Name: "post", Handle: w.post,
			Doc: "Posts the event to the URL.",
			Input: sdk.Schema{Attrs: []sdk.Attr{
				{Name: "url", Type: sdk.String, Doc: "Where to post, instead of the plugin's own url."},
				{Name: "data", Type: sdk.Dynamic, Doc: "Anything more that the receiver is to know."},
				{Name: "secrets", Type: sdk.Dynamic, Sensitive: true, Doc: "What else it is to know, and nobody but it."},
			}},
			Output: sdk.Schema{Attrs: []sdk.Attr{
				{Name: "status", Type: sdk.Number, Required: true, Doc: "The status of the answer, 200 to 299."},
				{Name: "body", Type: sdk.String, Required: true, Doc: "The answer's body, cut at 64 KiB, without its secrets."},
				{Name: "json", Type: sdk.Dynamic, Doc: "What the body holds, if it is JSON and was not cut."},
				{Name: "secrets", Type: sdk.Dynamic, Sensitive: true, Doc: "The member \"secrets\" of an answer in JSON: what only deliveries and replies that keep it may have."},
			}},
		}},
	}
}

// reserved headers are the plugin's own, or the connection's.
func reserved(name string) bool {
	name = strings.ToLower(name)
	return strings.HasPrefix(name, "webhook-") ||
		slices.Contains([]string{"content-type", "content-length", "transfer-encoding", "connection", "host"}, name)
}

func validate(v sdk.Values) []sdk.Diagnostic {
	var c config
	if err := v.Decode(&c); err != nil {
		return []sdk.Diagnostic{{Summary: "Invalid configuration", Detail: "A value is not of its type."}}
	}
	out := outbound.CheckURL(c.URL, true, "url")
	if c.Secret != "" {
		key, err := keyOf(c.Secret)
		switch {
		case err != nil:
			out = append(out, sdk.Diagnostic{Path: []string{"secret"}, Summary: "Unreadable secret", Detail: "The secret can't be used: " + err.Error() + "."})
		case len(key) < minSecret:
			out = append(out, sdk.Diagnostic{Path: []string{"secret"}, Summary: "Secret too short",
				Detail: fmt.Sprintf("Standard Webhooks asks for at least %d bytes. Make one with: echo whsec_$(openssl rand -base64 32)", minSecret)})
		}
	}
	for name, value := range c.Headers {
		switch {
		case !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value):
			out = append(out, sdk.Diagnostic{Path: []string{"headers", name}, Summary: "Invalid header", Detail: "Its name or value holds characters that a header can't."})
		case reserved(name):
			out = append(out, sdk.Diagnostic{Path: []string{"headers", name}, Summary: "Reserved header", Detail: "This header is set by the plugin itself."})
		}
	}
	return out
}

func (w *webhook) configure(_ context.Context, v sdk.Values) error {
	if err := v.Decode(&w.config); err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	key, err := keyOf(w.Secret)
	if err != nil {
		return fmt.Errorf("reading the secret: %w", err)
	}
	w.key, w.client = key, outbound.Client()
	return nil
}

// check sends nothing: a receiver must not see posts that stand for no event.
func (w *webhook) check(ctx context.Context) error {
	if w.URL == "" {
		return nil
	}
	return outbound.Reach(ctx, w.URL)
}
