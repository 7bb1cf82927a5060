package webhook

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	stripewebhook "github.com/stripe/stripe-go/v85/webhook"
)

// everyProof has a source of each kind of proof, two of them rotated.
const everyProof = `{
	"standard_webhooks": [{"secret": "` + standardSecret + `", "previous_secret": "` + oldSecret + `"}],
	"stripe": [{"secret": "` + stripeSecret + `"}],
	"hmac": [{"secret": "` + hmacSecret + `", "previous_secret": "older-secret"}],
	"basic": [{"username": "shop", "password": "` + password + `", "previous_password": "older-password"}],
	"bearer": [{"token": "` + token + `", "previous_token": "older-token"}]
}`

const body = `{"id":"evt_1","type":"invoice.paid","data":{"object":{"customer":"cus_1"}}}`

// standard signs with the specification's library.
func standard(t testing.TB, prefix, secret, id string, at time.Time, signed string) []string {
	t.Helper()
	wh, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := wh.Sign(id, at, []byte(signed))
	if err != nil {
		t.Fatal(err)
	}
	return []string{prefix + "-id", id, prefix + "-timestamp", strconv.FormatInt(at.Unix(), 10), prefix + "-signature", signature}
}

// stripe signs with Stripe's library.
func stripe(secret string, at time.Time, signed string) []string {
	p := stripewebhook.GenerateTestSignedPayload(&stripewebhook.UnsignedPayload{Payload: []byte(signed), Secret: secret, Timestamp: at})
	return []string{stripeHeader, p.Header}
}

func mac(h func() hash.Hash, secret, signed string) []byte {
	m := hmac.New(h, []byte(secret))
	m.Write([]byte(signed))
	return m.Sum(nil)
}

func gitHub(secret, signed string) []string {
	return []string{
		"X-Hub-Signature-256", "sha256=" + hex.EncodeToString(mac(sha256.New, secret, signed)),
		"X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958", "X-GitHub-Event", "issues",
	}
}

func basic(user, password string) []string {
	return []string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))}
}

func TestProofsThatHold(t *testing.T) {
	future := standard(t, "webhook", standardSecret, "msg_1", now.Add(4*time.Minute), body)
	two := standard(t, "webhook", standardSecret, "msg_1", now, body)
	two[5] = "v1,bm90aGluZw== v1a,c29tZXRoaW5n " + two[5]
	for name, tc := range map[string]struct {
		headers            []string
		by, key, eventType string
	}{
		"standard webhooks":                    {standard(t, "webhook", standardSecret, "msg_1", now, body), "standard_webhooks", "msg_1", "invoice.paid"},
		"standard webhooks, 4 minutes old":     {standard(t, "webhook", standardSecret, "msg_1", now.Add(-4*time.Minute), body), "standard_webhooks", "msg_1", "invoice.paid"},
		"standard webhooks, a clock ahead":     {future, "standard_webhooks", "msg_1", "invoice.paid"},
		"standard webhooks, several":           {two, "standard_webhooks", "msg_1", "invoice.paid"},
		"standard webhooks, the secret before": {standard(t, "webhook", oldSecret, "msg_1", now, body), "standard_webhooks", "msg_1", "invoice.paid"},
		"stripe":                               {stripe(stripeSecret, time.Now(), body), "stripe", "evt_1", "invoice.paid"},
		"stripe, 4 minutes old":                {stripe(stripeSecret, time.Now().Add(-4*time.Minute), body), "stripe", "evt_1", "invoice.paid"},
		"github":                               {gitHub(hmacSecret, body), "hmac", "72d3162e-cc78-11e3-81ab-4c9367dc0958", "issues"},
		"github, the secret before":            {gitHub("older-secret", body), "hmac", "72d3162e-cc78-11e3-81ab-4c9367dc0958", "issues"},
		"basic":                                {basic("shop", password), "basic", "evt_1", "invoice.paid"},
		"basic, the password before":           {basic("shop", "older-password"), "basic", "evt_1", "invoice.paid"},
		"bearer":                               {[]string{"Authorization", "Bearer " + token}, "bearer", "evt_1", "invoice.paid"},
		"bearer, the scheme in another case":   {[]string{"Authorization", "bearer  " + token}, "bearer", "evt_1", "invoice.paid"},
		"bearer, the token before":             {[]string{"Authorization", "Bearer older-token"}, "bearer", "evt_1", "invoice.paid"},
		"a wrong signature beside a token":     {append(gitHub("wrong", body), "Authorization", "Bearer "+token), "bearer", "evt_1", "invoice.paid"},
	} {
		t.Run(name, func(t *testing.T) {
			expressions := names()
			if tc.by != "basic" && tc.by != "bearer" {
				expressions = nil // the sender's own
			}
			s := open(t, Kind(), everyProof, names())
			s.expressions = expressions
			e := take(t, s, post(body, tc.headers...), body)
			if e.Notice.Credential != tc.by || e.Notice.Key != tc.key || e.Type != tc.eventType {
				t.Errorf("by %q, key %q, type %q", e.Notice.Credential, e.Notice.Key, e.Type)
			}
			assertNoSecret(t, string(e.Attributes)+string(e.Notice.Body))
		})
	}
}

func TestProofsThatFail(t *testing.T) {
	with := func(pairs []string, name, value string) []string {
		out := append([]string{}, pairs...)
		return append(out, name, value)
	}
	signed := standard(t, "webhook", standardSecret, "msg_1", now, body)
	for name, tc := range map[string]struct {
		headers []string
		why     string
	}{
		"nothing at all":                       {nil, "no header webhook-signature, nor Stripe-Signature"},
		"standard webhooks, another secret":    {standard(t, "webhook", "whsec_YW5vdGhlci1hbm90aGVyLWFub3RoZXI=", "msg_1", now, body), "compare the secret"},
		"standard webhooks, another body":      {standard(t, "webhook", standardSecret, "msg_1", now, body+" "), "compare the secret"},
		"standard webhooks, another id":        {with(signed, "webhook-id", "msg_2"), "compare the secret"},
		"standard webhooks, another time":      {with(signed, "webhook-timestamp", strconv.FormatInt(now.Unix()+1, 10)), "compare the secret"},
		"standard webhooks, a replay":          {standard(t, "webhook", standardSecret, "msg_1", now.Add(-6*time.Minute), body), "replay"},
		"standard webhooks, far ahead":         {standard(t, "webhook", standardSecret, "msg_1", now.Add(6*time.Minute), body), "replay"},
		"standard webhooks, no time":           {[]string{"webhook-signature", "v1,AAAA", "webhook-id", "x"}, "not there once each"},
		"standard webhooks, time is no time":   {with(signed, "webhook-timestamp", "1e9"), "not a number of seconds"},
		"standard webhooks, the furthest time": {with(signed, "webhook-timestamp", "-9223372036854775808"), "replay"},
		"standard webhooks, rubbish":           {with(signed, "webhook-signature", ", ,v1,,v1"), "compare the secret"},
		"standard webhooks, version v1a only":  {with(signed, "webhook-signature", strings.Replace(signed[5], "v1,", "v1a,", 1)), "compare the secret"},
		"stripe, another secret":               {stripe("whsec_other", time.Now(), body), "compare the secret"},
		"stripe, another body":                 {stripe(stripeSecret, time.Now(), "{}"), "compare the secret"},
		"stripe, a replay":                     {stripe(stripeSecret, time.Now().Add(-6*time.Minute), body), "replay"},
		"stripe, rubbish":                      {[]string{stripeHeader, "t=1=2,v1"}, "not one that Stripe writes"},
		"stripe, another scheme":               {[]string{stripeHeader, strings.Replace(stripe(stripeSecret, time.Now(), body)[1], "v1=", "v0=", 1)}, "compare the secret"},
		"github, another secret":               {gitHub("other", body), "compare the secret"},
		"github, another body":                 {gitHub(hmacSecret, "{}"), "compare the secret"},
		"github, no prefix":                    {[]string{gitHubHeader, hex.EncodeToString(mac(sha256.New, hmacSecret, body))}, `does not begin with "sha256="`},
		"github, not hex":                      {[]string{gitHubHeader, "sha256=" + hmacSecret}, "can't be decoded"},
		"github, empty":                        {[]string{gitHubHeader, "sha256="}, "compare the secret"},
		"basic, another password":              {basic("shop", "other"), "the user name or the password is wrong"},
		"basic, another user":                  {basic("shopp", password), "the user name or the password is wrong"},
		"basic, empty":                         {basic("", ""), "the user name or the password is wrong"},
		"basic, not base64":                    {[]string{"Authorization", "Basic " + password}, "no user name and password"},
		"bearer, another token":                {[]string{"Authorization", "Bearer " + token + "x"}, "the token is wrong"},
		"bearer, empty":                        {[]string{"Authorization", "Bearer "}, "the token is wrong"},
		"the token with no scheme":             {[]string{"Authorization", token}, "no bearer token"},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, Kind(), everyProof, names())
			status, _, why := refused(t, s, post(body, tc.headers...), body)
			if status != http.StatusUnauthorized || !strings.Contains(why, tc.why) {
				t.Errorf("status %d, because %q; want %q", status, why, tc.why)
			}
		})
	}
}

func TestCredentialsTwice(t *testing.T) {
	s := open(t, Kind(), everyProof, names())
	for _, header := range []string{"Authorization", stripeHeader, "webhook-signature", gitHubHeader} {
		r := post(body)
		r.Header.Add(header, "Bearer "+token)
		r.Header.Add(header, "Bearer "+token)
		if _, _, why := refused(t, s, r, body); !strings.Contains(why, "twice") {
			t.Errorf("%s twice: %q", header, why)
		}
	}
	r := post(body, standard(t, "webhook", standardSecret, "msg_1", now, body)...)
	r.Header.Add("webhook-id", "msg_2")
	if _, _, why := refused(t, s, r, body); !strings.Contains(why, "once each") {
		t.Errorf("webhook-id twice: %q", why)
	}
}

func TestFormsOfSignatures(t *testing.T) {
	plain := "a-secret-that-is-not-base64!"
	raw, err := standardwebhooks.NewWebhookRaw([]byte(plain))
	if err != nil {
		t.Fatal(err)
	}
	rawSignature, err := raw.Sign("m", now, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		config  string
		headers []string
	}{
		"shopify":   {`{"hmac":[{"secret":"s","header":"X-Shopify-Hmac-Sha256","encoding":"base64"}]}`, []string{"X-Shopify-Hmac-Sha256", base64.StdEncoding.EncodeToString(mac(sha256.New, "s", body))}},
		"sha1":      {`{"hmac":[{"secret":"s","header":"X-Hub-Signature","prefix":"sha1=","algorithm":"sha1"}]}`, []string{"X-Hub-Signature", "sha1=" + hex.EncodeToString(mac(sha1.New, "s", body))}},
		"sha512":    {`{"hmac":[{"secret":"s","header":"X-Sig","algorithm":"sha512"}]}`, []string{"X-Sig", strings.ToUpper(hex.EncodeToString(mac(sha512.New, "s", body)))}},
		"no prefix": {`{"hmac":[{"secret":"s","prefix":""}]}`, []string{gitHubHeader, hex.EncodeToString(mac(sha256.New, "s", body))}},
		"gitlab":    {`{"bearer":[{"token":"` + token + `","header":"X-Gitlab-Token"}]}`, []string{"X-Gitlab-Token", token}},
		"svix":      {`{"standard_webhooks":[{"secret":"` + standardSecret + `","headers":"svix"}]}`, standard(t, "svix", standardSecret, "m", now, body)},
		"a secret that is no base64": {`{"standard_webhooks":[{"secret":"` + plain + `"}]}`,
			[]string{"webhook-id", "m", "webhook-timestamp", fmt.Sprint(now.Unix()), "webhook-signature", rawSignature}},
		"a wider tolerance": {`{"standard_webhooks":[{"secret":"` + standardSecret + `","tolerance":"30m"}]}`,
			standard(t, "webhook", standardSecret, "m", now.Add(-20*time.Minute), body)},
		"the second of two senders": {`{"stripe":[{"secret":"whsec_1"},{"secret":"` + stripeSecret + `"}]}`, stripe(stripeSecret, time.Now(), body)},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, Kind(), tc.config, names())
			e := take(t, s, post(body, tc.headers...), body)
			if e.Type != "invoice.paid" {
				t.Errorf("type %q", e.Type)
			}
			for _, secret := range []string{token, tc.headers[len(tc.headers)-1]} {
				if strings.Contains(string(e.Attributes), secret) {
					t.Errorf("the attributes hold the credentials: %s", e.Attributes)
				}
			}
		})
	}
}

func TestChallenge(t *testing.T) {
	s := open(t, Kind(), everyProof, names())
	_, resp, _ := s.Receive(post(body), []byte(body))
	if got := strings.Join(resp.Header.Values("WWW-Authenticate"), "; "); got != `Signature; Basic realm="signalbox"; Bearer` {
		t.Errorf("the challenge is %q", got)
	}
}
