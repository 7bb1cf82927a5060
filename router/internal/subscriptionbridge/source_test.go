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
	s, err := Kind().New("subscriptionbridge.shop", testConfig(extra),
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
		if len(s.secrets) != 1 {
			t.Errorf("%d pairs of secrets, want 1", len(s.secrets))
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
	for _, a := range k.Config.Attrs {
		secret := strings.Contains(a.Name, "password") || strings.Contains(a.Name, "key")
		if a.Sensitive != secret {
			t.Errorf("attribute %s: sensitive is %v", a.Name, a.Sensitive)
		}
		if a.Doc == "" || !json.Valid(a.Type) || (a.Default != nil && !json.Valid(a.Default)) {
			t.Errorf("attribute %s is not described", a.Name)
		}
	}
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
