package subscriptionbridge

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
)

const (
	testUsername = "tulip-shop"
	testPassword = "tulip-bulb-44"
	testKey      = "4F1D8E0B7A6C42D39E51F7086A2BC9D4"
)

func testNow() time.Time { return time.Date(2026, 3, 1, 9, 0, 30, 0, time.UTC) }

func testToken() string { return Token([]byte(testPassword), []byte(testKey), testNow()) }

func testConfig(extra string) router.Secret {
	return router.NewSecret(fmt.Appendf(nil, `{"path": "/sb", "unrouted": null, "username": %q, "password": %q, "api_key": %q%s}`,
		testUsername, testPassword, testKey, extra))
}

func newTestSource(t testing.TB, extra string) *Source {
	t.Helper()
	return sourceOf(t, string(testConfig(extra).Reveal()))
}

func sourceOf(t testing.TB, config string) *Source {
	t.Helper()
	s, err := Kind().New("subscriptionbridge.shop", router.NewSecret([]byte(config)),
		router.SourceDeps{Path: "/sb", Log: zerolog.Nop(), Now: testNow})
	if err != nil {
		t.Fatal(err)
	}
	return s.(*Source)
}

func TestConfigDefaults(t *testing.T) {
	for _, extra := range []string{"", `, "reply_within": null, "dedupe_window": null, "previous_password": null`} {
		s := newTestSource(t, extra)
		if got, want := s.Limits(""), (router.Limits{ReplyWithin: 20 * time.Second, Late: router.LateAccepted, DedupeWindow: 10 * time.Minute}); got != want {
			t.Errorf("Limits = %+v, want %+v", got, want)
		}
		if got := len(s.stores[testUsername].secrets); got != 1 {
			t.Errorf("%d pairs of secrets, want 1", got)
		}
	}
}

func TestConfigErrors(t *testing.T) {
	for _, tc := range []struct{ name, config, want string }{
		{"no object", `["s3cret"]`, "not the object that the schema describes"},
		{"a number for a secret", `{"username":"u","password":31337,"api_key":"k"}`, "not the object that the schema describes"},
		{"no username", `{"password":"s3cret","api_key":"k"}`, "username: "},
		{"space around the username", `{"username":"u ","password":"s3cret","api_key":"k"}`, "username: "},
		{"no password", `{"username":"u","api_key":"s3cret"}`, "password: "},
		{"no key", `{"username":"u","password":"s3cret"}`, "api_key: "},
		{"no duration", `{"username":"u","password":"s3cret","api_key":"k","reply_within":"20"}`, `reply_within: "20" is not a duration such as "20s"`},
		{"no time to reply", `{"username":"u","password":"s3cret","api_key":"k","reply_within":"0s"}`, "reply_within: "},
		{"longer than anyone waits", `{"username":"u","password":"s3cret","api_key":"k","reply_within":"7m"}`, "at most 6m40s"},
		{"no store", `{"store":[]}`, "username: "},
		{"half a store beside a block", `{"api_key":"s3cret","store":[{"username":"v","password":"s3cret","api_key":"k"}]}`, "username: "},
		{"half a block", `{"store":[{"username":"v","password":"s3cret","api_key":"k"},{"username":"w","password":"s3cret"}]}`, "store: api_key of number 2: "},
		{"a store twice", `{"username":"v","password":"s3cret","api_key":"k","store":[{"username":"v","password":"31337","api_key":"k"}]}`, `"v" is configured twice`},
		{"a bar in a username", `{"username":"a|b","password":"s3cret","api_key":"k"}`, "username: it must not contain |"},
		{"nobody may call", `{"username":"u","password":"s3cret","api_key":"k","allow_from":[]}`, "allow_from: it names nobody"},
		{"no network", `{"username":"u","password":"s3cret","api_key":"k","allow_from":["10.0.0.0/40"]}`, `"10.0.0.0/40" is neither a network`},
		{"a host's bits", `{"username":"u","password":"s3cret","api_key":"k","allow_from":["10.0.0.7/24"]}`, `did you mean "10.0.0.0/24"?`},
		{"IPv4 in IPv6", `{"username":"u","password":"s3cret","api_key":"k","allow_from":["::ffff:10.0.0.7"]}`, "write it as IPv4"},
		{"a zone", `{"username":"u","password":"s3cret","api_key":"k","trusted_proxies":["fe80::1%eth0"]}`, "trusted_proxies: "},
		{"everybody is a proxy", `{"username":"u","password":"s3cret","api_key":"k","trusted_proxies":["::/0"]}`, "::/0 trusts everybody"},
		{"other packages", `{"username":"u","password":"s3cret","api_key":"k","compat":{"packages":"full"}}`, `compat: packages can't be "full"`},
		{"an error elsewhere", `{"username":"u","password":"s3cret","api_key":"k","compat":{"error":"header"}}`, `compat: error can't be "header"`},
		{"a negative window", `{"username":"u","password":"s3cret","api_key":"k","dedupe_window":"-1m"}`, "dedupe_window: "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Kind().New("subscriptionbridge.shop", router.NewSecret([]byte(tc.config)), router.SourceDeps{Now: testNow})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("error %v, want one with %q", err, tc.want)
			}
			for _, secret := range []string{"s3cret", "31337"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error tells a secret: %v", err)
				}
			}
		})
	}
}

func TestKind(t *testing.T) {
	k := Kind()
	var check func(string, router.Schema)
	check = func(where string, schema router.Schema) {
		for _, a := range schema.Attrs {
			secret := strings.Contains(a.Name, "password") || strings.Contains(a.Name, "key")
			if a.Sensitive != secret {
				t.Errorf("%sattribute %s: sensitive is %v", where, a.Name, a.Sensitive)
			}
			if a.Doc == "" || !json.Valid(a.Type) || (a.Default != nil && !json.Valid(a.Default)) {
				t.Errorf("%sattribute %s is not described", where, a.Name)
			}
		}
		for _, b := range schema.Blocks {
			if b.Doc == "" {
				t.Errorf("%sblock %s is not described", where, b.Name)
			}
			check(where+b.Name+": ", b.Schema)
		}
	}
	check("", k.Config)
	check("extra: ", k.Extra)
	for _, code := range k.Codes {
		if shortText(code) == "" {
			t.Errorf("the code %s has no text", code)
		}
	}
	if len(k.Types) != 5 {
		t.Errorf("types %v, want the five actions", k.Types)
	}
}

func TestNoCallbackNoReplyAttributes(t *testing.T) {
	s := newTestSource(t, "")
	if got := s.Callback(context.Background(), &router.Event{}, router.Verdict{Kind: router.Success}); got.Kind != router.Rejected {
		t.Errorf("Callback came to %s, want %s", got.Kind, router.Rejected)
	}
	if got := s.MissingReply(&router.Event{}, nil); got != "" {
		t.Errorf("MissingReply = %q, want none", got)
	}
}
