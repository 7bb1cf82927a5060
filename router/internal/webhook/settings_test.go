package webhook

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/signalbox/signalbox/router"
)

func TestSettingsThatCannotWork(t *testing.T) {
	for name, tc := range map[string]struct{ config, attr, says string }{
		"nobody is kept out":            {`{}`, "unauthenticated", "nothing says who may send"},
		"anybody, and somebody":         {`{"unauthenticated":true,"bearer":[{"token":"t"}]}`, "unauthenticated", `the block "bearer"`},
		"no reply_within":               {`{"reply_within":"0s"}`, "reply_within", "more than 0s"},
		"a long reply_within":           {`{"reply_within":"61s"}`, "reply_within", "at most 1m0s"},
		"reply_within is none":          {`{"reply_within":"soon"}`, "reply_within", "not a duration"},
		"hmac, empty":                   {`{"hmac":[{"secret":""}]}`, "hmac.0", "secret must not be empty"},
		"hmac, with space":              {`{"hmac":[{"secret":"` + hmacSecret + `\n"}]}`, "hmac.0", "space around it"},
		"hmac, space, the one before":   {`{"hmac":[{"secret":"s","previous_secret":"` + hmacSecret + `\n"}]}`, "hmac.0", "previous_secret has space around it"},
		"basic, space, the one before":  {`{"basic":[{"username":"u","password":"p","previous_password":" ` + password + `"}]}`, "basic.0", "previous_password has space around it"},
		"bearer, space, the one before": {`{"bearer":[{"token":"t","previous_token":"` + token + ` "}]}`, "bearer.0", "previous_token has space around it"},
		"hmac, unknown algorithm":       {`{"hmac":[{"secret":"s","algorithm":"md5"}]}`, "hmac.0", `"sha256", "sha512" and "sha1"`},
		"hmac, unknown encoding":        {`{"hmac":[{"secret":"s","encoding":"base32"}]}`, "hmac.0", `"hex" and "base64"`},
		"hmac, no header":               {`{"hmac":[{"secret":"s","header":"X Sig"}]}`, "hmac.0", "no header's name"},
		"hmac, a header of another":     {`{"hmac":[{"secret":"s","header":"X-Sig"}]}`, "id", `a request that "hmac" lets in`},
		"standard, not base64":          {`{"standard_webhooks":[{"secret":"whsec_` + password + `"}]}`, "standard_webhooks.0", "not base64"},
		"standard, empty":               {`{"standard_webhooks":[{"secret":"whsec_"}]}`, "standard_webhooks.0", "nothing behind whsec_"},
		"standard, asymmetric":          {`{"standard_webhooks":[{"secret":"whpk_` + token + `"}]}`, "standard_webhooks.0", "v1a"},
		"standard, the one before":      {`{"standard_webhooks":[{"secret":"s","previous_secret":"whsec_!"}]}`, "standard_webhooks.0", "not base64"},
		"standard, unknown headers":     {`{"standard_webhooks":[{"secret":"s","headers":"x"}]}`, "standard_webhooks.0", `"webhook" and "svix"`},
		"standard, a long tolerance":    {`{"standard_webhooks":[{"secret":"s","tolerance":"2h"}]}`, "standard_webhooks.0", "tolerance"},
		"stripe, empty":                 {`{"stripe":[{"secret":""}]}`, "stripe.0", "secret must not be empty"},
		"stripe, no tolerance":          {`{"stripe":[{"secret":"s","tolerance":"-1s"}]}`, "stripe.0", "tolerance"},
		"basic, no password":            {`{"basic":[{"username":"u"}]}`, "basic.0", "password must not be empty"},
		"basic, a colon":                {`{"basic":[{"username":"u:v","password":"p"}]}`, "basic.0", "colon"},
		"bearer, empty":                 {`{"bearer":[{"token":""}]}`, "bearer.0", "token must not be empty"},
		"bearer, no header":             {`{"bearer":[{"token":"t","header":"a:b"}]}`, "bearer.0", "no header's name"},
		"the second of two":             {`{"stripe":[{"secret":"s"},{"secret":""}]}`, "stripe.1", "secret must not be empty"},
		"no id":                         {`{"basic":[{"username":"u","password":"p"}]}`, "id", "id = request.body.id"},
		"anybody, and no id":            {anybody, "id", "id = request.body.id"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Kind().New("hook", router.NewSecret([]byte(tc.config)), deps(nil))
			var setting *router.SettingError
			if !errors.As(err, &setting) || setting.Attr != tc.attr || !strings.Contains(err.Error(), tc.says) {
				t.Fatalf("got %v; want one of %q that says %q", err, tc.attr, tc.says)
			}
			assertNoSecret(t, err.Error())
		})
	}
}

func TestSettingsThatWork(t *testing.T) {
	for name, tc := range map[string]struct {
		kind        router.SourceKind
		config      string
		expressions map[string]router.RequestText
	}{
		"standard webhooks alone": {Kind(), `{"standard_webhooks":[{"secret":"s"}]}`, nil},
		"stripe alone":            {Kind(), `{"stripe":[{"secret":"s"}]}`, nil},
		"github alone":            {Kind(), `{"hmac":[{"secret":"s","prefix":null}]}`, nil},
		"all three":               {Kind(), `{"hmac":[{"secret":"s"}],"stripe":[{"secret":"s"}],"standard_webhooks":[{"secret":"s"}]}`, nil},
		"basic":                   {Kind(), `{"basic":[{"username":"u","password":"p"}]}`, names()},
		"cloud events":            {CloudEvents(), `{"bearer":[{"token":"t"}]}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if s := open(t, tc.kind, tc.config, tc.expressions); s.replyWithin != 8*time.Second {
				t.Errorf("reply_within is %s", s.replyWithin)
			}
		})
	}
}

func TestConfigurationThatIsNone(t *testing.T) {
	if _, err := Kind().New("hook", router.NewSecret([]byte(`{"hmac":"`+hmacSecret+`"}`)), deps(nil)); err == nil {
		t.Error("it was taken")
	} else {
		assertNoSecret(t, err.Error())
	}
}
