package appdirect

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/oauth"
)

const (
	testPublic      = "https://events.example.com"
	testMarketplace = "https://www.acme-marketplace.com"
	testKey         = "gizmo-12056"
	testSecret      = "q5PuGbWzRkLx"
	testToken       = "d15bb36e-5fb5-11e0-8c3c-00262d2cda03"
)

var testNow = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// config is a source's block; more is merged over what every test needs.
func config(t testing.TB, more map[string]any) router.Secret {
	t.Helper()
	block := map[string]any{
		"marketplaces": []string{testMarketplace},
		"oauth1":       []any{map[string]any{"consumer_key": testKey, "consumer_secret": testSecret}},
	}
	for name, v := range more {
		block[name] = v
	}
	raw, err := json.Marshal(block)
	if err != nil {
		t.Fatal(err)
	}
	return router.NewSecret(raw)
}

// newSource builds a source, and returns what it logs.
func newSource(t testing.TB, more map[string]any) (*Source, *bytes.Buffer) {
	t.Helper()
	log := &bytes.Buffer{}
	s, err := New("appdirect.acme", config(t, more), router.SourceDeps{
		PublicURL: testPublic, Path: "/appdirect/acme", Log: zerolog.New(log), Now: func() time.Time { return testNow },
	})
	if err != nil {
		t.Fatal(err)
	}
	return s.(*Source), log
}

func signer(key, secret string) oauth.Signer {
	return oauth.NewSigner(key, router.NewSecret([]byte(secret)), func() time.Time { return testNow })
}

func parseURL(t testing.TB, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestNewRefuses(t *testing.T) {
	product := func(key, secret string) map[string]any {
		return map[string]any{"consumer_key": key, "consumer_secret": secret}
	}
	for _, tt := range []struct {
		name string
		more map[string]any
		want string
	}{
		{"no marketplaces", map[string]any{"marketplaces": []string{}}, "marketplaces"},
		{"marketplace with a path", map[string]any{"marketplaces": []string{"https://a.example/api"}}, "has a path"},
		{"marketplace without a scheme", map[string]any{"marketplaces": []string{"a.example"}}, "marketplaces"},
		{"marketplace with credentials", map[string]any{"marketplaces": []string{"https://u:hunter2@a.example"}}, "marketplaces"},
		{"marketplace with a query", map[string]any{"marketplaces": []string{"https://a.example?"}}, "marketplaces"},
		{"marketplace that is no address", map[string]any{"marketplaces": []string{"https://[hunter2"}}, "marketplaces"},
		{"public address with another scheme", map[string]any{"public_url": "ftp://a.example"}, "public_url"},
		{"no parameters", map[string]any{"event_parameters": []string{}}, "event_parameters"},
		{"empty parameter", map[string]any{"event_parameters": []string{"url", ""}}, "event_parameters"},
		{"limit that is no duration", map[string]any{"reply_within": "soon"}, "reply_within"},
		{"limit of nothing", map[string]any{"reply_within": "0s"}, "reply_within"},
		{"limit beyond the caller's", map[string]any{"reply_within": "6s"}, "5s that a marketplace waits"},
		{"window of nothing", map[string]any{"timestamp_window": "-1s"}, "timestamp_window"},
		{"unknown refusal", map[string]any{"refuse_with": "403"}, "refuse_with"},
		{"size of nothing", map[string]any{"max_event_size": 0}, "max_event_size"},
		{"size beyond all", map[string]any{"max_event_size": 1 << 40}, "max_event_size"},
		{"no product", map[string]any{"oauth1": nil}, "oauth1"},
		{"no key", map[string]any{"oauth1": []any{product("", "hunter2")}}, "oauth1"},
		{"no secret", map[string]any{"oauth1": []any{product("k", "")}}, "oauth1"},
		{"equal keys", map[string]any{"oauth1": []any{product("k", "hunter2"), product("k", "hunter2")}}, "configured twice"},
		{"the test key twice", map[string]any{"allow_dummy": true, "oauth1": []any{product("Dummy", "hunter2")}}, "configured twice"},
		{"wrong type", map[string]any{"oauth1": "hunter2"}, "reading the configuration"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New("appdirect.acme", config(t, tt.more), router.SourceDeps{PublicURL: testPublic, Now: time.Now})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("New: %v; want an error with %q", err, tt.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("a secret shows in %v", err)
			}
		})
	}
}

func TestNewFillsInDefaults(t *testing.T) {
	s, _ := newSource(t, nil)
	if s.replyWithin != 4*time.Second || s.window != 5*time.Minute || s.maxEventSize != 1<<20 || s.allowDummy ||
		s.refuseStatus != http.StatusUnauthorized || s.public.String() != testPublic {
		t.Errorf("settings = %+v", s.settings)
	}
	if diff := cmp.Diff([]string{"url", "eventUrl"}, s.parameters); diff != "" {
		t.Errorf("parameters: -want +got\n%s", diff)
	}
	if s, _ := newSource(t, map[string]any{"public_url": "https://other.example/hooks/"}); s.public.String() != "https://other.example/hooks" {
		t.Errorf("public_url = %s", s.public)
	}
}

func TestKindIsWhole(t *testing.T) {
	k := Kind()
	if k.Name != "appdirect" || k.New == nil || len(k.Types) != 17 || len(k.Codes) != 15 {
		t.Errorf("Kind = %+v", k)
	}
	for _, schema := range []router.Schema{k.Config, k.Reply, k.Config.Blocks[0].Schema} {
		for _, a := range schema.Attrs {
			if !json.Valid(a.Type) || a.Default != nil && !json.Valid(a.Default) || a.Doc == "" {
				t.Errorf("attribute %+v", a)
			}
		}
	}
	for _, name := range []string{"consumer_secret", "previous_secret"} {
		if !k.Config.Blocks[0].Schema.Attr(name).Sensitive {
			t.Errorf("%s is not sensitive", name)
		}
	}
	if !k.Reply.Attr("metadata").Sensitive {
		t.Error("metadata is not sensitive")
	}
}

func TestLimits(t *testing.T) {
	s, _ := newSource(t, map[string]any{"reply_within": "3s"})
	for eventType, want := range map[string]router.Late{
		"": router.LateCallback, "SUBSCRIPTION_ORDER": router.LateCallback, "WORMHOLE_OPENED": router.LateCallback,
		"SUBSCRIPTION_NOTICE": router.LateAccepted,
	} {
		if got := s.Limits(eventType); got != (router.Limits{ReplyWithin: 3 * time.Second, Late: want}) {
			t.Errorf("Limits(%q) = %+v", eventType, got)
		}
	}
}

func TestMissingReply(t *testing.T) {
	s, _ := newSource(t, nil)
	for _, tt := range []struct {
		name      string
		eventType string
		flag      router.Flag
		reply     string
		want      string
	}{
		{"order with it", "SUBSCRIPTION_ORDER", "", `{"accountIdentifier":"a"}`, ""},
		{"order with a number", "SUBSCRIPTION_ORDER", "", `{"accountIdentifier":7}`, ""},
		{"order without a reply", "SUBSCRIPTION_ORDER", "", ``, "accountIdentifier"},
		{"order with an empty one", "SUBSCRIPTION_ORDER", "", `{"accountIdentifier":" "}`, "accountIdentifier"},
		{"order with null", "SUBSCRIPTION_ORDER", "", `{"accountIdentifier":null,"id":"x"}`, "accountIdentifier"},
		{"vendor's test", "SUBSCRIPTION_ORDER", router.FlagDevelopment, `{}`, "accountIdentifier"},
		{"ping", "SUBSCRIPTION_ORDER", router.FlagStateless, `{}`, ""},
		{"add-on with it", "ADDON_ORDER", "", `{"id":"a"}`, ""},
		{"add-on without it", "ADDON_ORDER", "", `{"accountIdentifier":"a"}`, "id"},
		{"others need nothing", "SUBSCRIPTION_CHANGE", "", ``, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := s.MissingReply(&router.Event{Type: tt.eventType, Flag: tt.flag}, []byte(tt.reply)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
