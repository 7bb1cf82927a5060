package oauth

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/signalbox/signalbox/router"
)

const notification = "https://events.example.com/appdirect/acme?url=https%3A%2F%2Fwww.acme-marketplace.com%2Fapi%2Fintegration%2Fv1%2Fevents%2F12345&label=a+b&label=A"

var signedAt = time.Unix(1406700844, 0)

func signer(key, value string) Signer {
	return Signer{
		Key: key, Secret: secret(value),
		Now:   func() time.Time { return signedAt },
		Nonce: func() string { return "-5601359236458923633" },
	}
}

func verifier(now time.Time) *Verifier {
	keys := map[string][]router.Secret{
		"gizmo-1": {secret("one")},
		"gizmo-2": {secret("new"), secret("old")},
	}
	return &Verifier{
		Secrets: func(key string) []router.Secret { return keys[key] },
		Window:  5 * time.Minute,
		Now:     func() time.Time { return now },
	}
}

func TestVerifyAccepts(t *testing.T) {
	address := parse(t, notification)
	sign := func(key, value string) string {
		header, err := signer(key, value).Header("GET", address)
		if err != nil {
			t.Fatal(err)
		}
		return header
	}
	inQuery, err := signer("gizmo-1", "one").Query("GET", address)
	if err != nil {
		t.Fatal(err)
	}
	base, err := BaseString("GET", address, []Param{
		{paramConsumerKey, "gizmo-1"}, {paramNonce, "n"}, {paramMethod, signatureMethod}, {paramTimestamp, "1406700844"},
	})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := Signature(base, secret("one"), secret(""))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		address *url.URL
		headers []string
		now     time.Time
		want    string
	}{
		{"header", address, []string{sign("gizmo-1", "one")}, signedAt, "gizmo-1"},
		{"realm in front", address, []string{strings.Replace(sign("gizmo-1", "one"), "OAuth ", `OAuth realm="", `, 1)}, signedAt, "gizmo-1"},
		{"beside another scheme", address, []string{"Bearer abc", sign("gizmo-1", "one")}, signedAt, "gizmo-1"},
		{"new secret", address, []string{sign("gizmo-2", "new")}, signedAt, "gizmo-2"},
		{"old secret", address, []string{sign("gizmo-2", "old")}, signedAt, "gizmo-2"},
		{"query", inQuery, nil, signedAt, "gizmo-1"},
		{"end of the window", address, []string{sign("gizmo-1", "one")}, signedAt.Add(5 * time.Minute), "gizmo-1"},
		{"clock behind", address, []string{sign("gizmo-1", "one")}, signedAt.Add(-5 * time.Minute), "gizmo-1"},
		{"no version, signature not encoded", address, []string{
			fmt.Sprintf(`OAuth oauth_signature="%s",oauth_timestamp="1406700844",oauth_nonce="n",oauth_signature_method="HMAC-SHA1",oauth_consumer_key="gizmo-1"`, raw),
		}, signedAt, "gizmo-1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for range 2 { // a repeat is verified again
				got, err := verifier(tt.now).Verify("GET", tt.address, tt.headers)
				if err != nil || got != tt.want {
					t.Fatalf("Verify = %q, %v; want %q", got, err, tt.want)
				}
			}
		})
	}
}

func TestVerifyRefuses(t *testing.T) {
	address := parse(t, notification)
	header, err := signer("gizmo-1", "one").Header("GET", address)
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := signer("gizmo-9", "one").Header("GET", address)
	if err != nil {
		t.Fatal(err)
	}
	with := func(old, new string) []string {
		changed := strings.Replace(header, old, new, 1)
		if changed == header {
			t.Fatalf("%q is not in %q", old, header)
		}
		return []string{changed}
	}
	twice := parse(t, notification+"&oauth_nonce=1")
	for _, tt := range []struct {
		name     string
		method   string
		address  *url.URL
		headers  []string
		now      time.Time
		want     Kind
		wantBase bool
	}{
		{"not signed", "GET", address, nil, signedAt, Missing, false},
		{"other scheme", "GET", address, []string{"Basic dTpw"}, signedAt, Missing, false},
		{"empty header", "GET", address, []string{"OAuth"}, signedAt, Missing, false},
		{"two headers", "GET", address, []string{header, header}, signedAt, Malformed, false},
		{"broken query", "GET", parse(t, "https://example.com/?a=%zz"), []string{header}, signedAt, Malformed, false},
		{"relative address", "GET", parse(t, "/a"), []string{header}, signedAt, Malformed, false},
		{"in header and query", "GET", twice, []string{header}, signedAt, Malformed, false},
		{"no nonce", "GET", address, with("oauth_nonce", "oauth_none"), signedAt, Malformed, false},
		{"no signature", "GET", address, with("oauth_signature=", "oauth_sign="), signedAt, Malformed, false},
		{"other method of signing", "GET", address, with("HMAC-SHA1", "PLAINTEXT"), signedAt, Malformed, false},
		{"other version", "GET", address, with(`"1.0"`, `"2.0"`), signedAt, Malformed, false},
		{"empty version", "GET", address, with(`"1.0"`, `""`), signedAt, Malformed, false},
		{"time is no number", "GET", address, with("1406700844", "-1406700844"), signedAt, Malformed, false},
		{"time is beyond all", "GET", address, with("1406700844", "99999999999999999999"), signedAt, Malformed, false},
		{"unknown key", "GET", address, []string{stranger}, signedAt, UnknownConsumer, true},
		{"other time", "GET", address, with("1406700844", "1406700845"), signedAt, Mismatch, true},
		{"other method", "POST", address, []string{header}, signedAt, Mismatch, true},
		{"other host", "GET", parse(t, strings.Replace(notification, "events.", "", 1)), []string{header}, signedAt, Mismatch, true},
		{"another parameter", "GET", parse(t, notification+"&a=b"), []string{header}, signedAt, Mismatch, true},
		{"too late", "GET", address, []string{header}, signedAt.Add(5*time.Minute + time.Second), Stale, true},
		{"too early", "GET", address, []string{header}, signedAt.Add(-5*time.Minute - time.Second), Stale, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			key, err := verifier(tt.now).Verify(tt.method, tt.address, tt.headers)
			var refused *Error
			if !errors.As(err, &refused) {
				t.Fatalf("Verify = %q, %v; want an *Error", key, err)
			}
			if refused.Kind != tt.want || (refused.BaseString != "") != tt.wantBase {
				t.Errorf("kind %q, base string %q; want %q, %t (%v)", refused.Kind, refused.BaseString, tt.want, tt.wantBase, err)
			}
			if strings.Contains(fmt.Sprintf("%v %+v", err, refused), `"one"`) {
				t.Errorf("the secret shows in %v", err)
			}
		})
	}
}

// What a stranger sends is quoted in the log, for each of his requests.
func TestErrorsQuoteLittle(t *testing.T) {
	long := strings.Repeat("%00", 5000)
	header, err := signer("gizmo-1", "one").Header("GET", parse(t, notification))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{paramConsumerKey, paramMethod, paramVersion, paramTimestamp} {
		changed := regexp.MustCompile(name+`="[^"]*"`).ReplaceAllString(header, name+`="`+long+`"`)
		_, err := verifier(signedAt).Verify("GET", parse(t, notification), []string{changed})
		if err == nil || len(err.Error()) > 1000 {
			t.Errorf("%s: an error of %d characters", name, len(err.Error()))
		}
	}
	for _, query := range []string{"&oauth_x" + long + "&oauth_x" + long, "&a=%" + long} {
		if _, err := verifier(signedAt).Verify("GET", parse(t, notification+query), []string{header}); err == nil || len(err.Error()) > 1000 {
			t.Errorf("%.20s: an error of %d characters", query, len(err.Error()))
		}
	}
	for _, twice := range []string{header + `, a` + long + `="1", a` + long + `="1"`, header + `, ` + long + `%=1`} {
		if _, err := ParseAuthorization(twice); err == nil || len(err.Error()) > 1000 {
			t.Errorf("an error of %d characters", len(fmt.Sprint(err)))
		}
	}
}

func TestNewSignerHasFreshNonces(t *testing.T) {
	s := NewSigner("k", secret("s"), time.Now)
	if a, b := s.Nonce(), s.Nonce(); a == b || a == "" {
		t.Errorf("two nonces: %q and %q", a, b)
	}
}

func TestSignRefusesRelativeAddress(t *testing.T) {
	s := signer("k", "s")
	if got, err := s.Header("GET", parse(t, "/a")); err == nil {
		t.Errorf("Header = %q, want an error", got)
	}
	if got, err := s.Query("GET", parse(t, "/a")); err == nil {
		t.Errorf("Query = %v, want an error", got)
	}
}

func TestSignInQueryKeepsWhatIsThere(t *testing.T) {
	got, err := signer("Dummy", "secret").Query("GET", parse(t, "https://www.appdirect.com/finishprocure?token=dummyOrder&success=true"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(got.RawQuery, "token=dummyOrder&success=true&oauth_consumer_key=Dummy&oauth_nonce=-560") {
		t.Errorf("query = %s", got.RawQuery)
	}
}
