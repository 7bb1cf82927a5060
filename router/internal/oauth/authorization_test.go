package oauth

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseAuthorization(t *testing.T) {
	for _, tt := range []struct {
		name, header string
		want         []Param
	}{
		{"comma and space", `OAuth oauth_nonce="-560", oauth_version="1.0"`, []Param{{"oauth_nonce", "-560"}, {"oauth_version", "1.0"}}},
		{"no space, other order", `OAuth oauth_version="1.0",oauth_nonce="1"`, []Param{{"oauth_version", "1.0"}, {"oauth_nonce", "1"}}},
		{"much space", "  oauth \t oauth_nonce = \"1\" ,\toauth_version= \"1.0\" ,", []Param{{"oauth_nonce", "1"}, {"oauth_version", "1.0"}}},
		{"empty realm", `OAuth realm="", oauth_nonce="1"`, []Param{{"realm", ""}, {"oauth_nonce", "1"}}},
		{"realm with comma and quote", `OAuth realm="a, \"b\"", oauth_nonce="1"`, []Param{{"realm", `a, "b"`}, {"oauth_nonce", "1"}}},
		{"encoded signature", `OAuth oauth_signature="a%2Bb%2Fc%3D"`, []Param{{"oauth_signature", "a+b/c="}}},
		{"raw signature", `OAuth oauth_signature="a+b/c="`, []Param{{"oauth_signature", "a+b/c="}}},
		{"no quotes", `OAuth oauth_nonce=1, oauth_signature=a+b/c=`, []Param{{"oauth_nonce", "1"}, {"oauth_signature", "a+b/c="}}},
		{"nothing", `OAuth`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseAuthorization(tt.header)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestParseAuthorizationRefuses(t *testing.T) {
	for _, tt := range []struct{ name, header, want string }{
		{"other scheme", `Basic dTpw`, "not of the scheme"},
		{"longer scheme", `OAuth2 a="b"`, "not of the scheme"},
		{"twice", `OAuth oauth_nonce="1", oauth_nonce="1"`, "twice"},
		{"open quote", `OAuth oauth_nonce="1`, "not closed"},
		{"quote inside", `OAuth oauth_nonce=1"2`, "quote inside"},
		{"no comma", `OAuth oauth_nonce="1" oauth_version="1.0"`, "lacks a comma"},
		{"no value", `OAuth oauth_nonce`, "without a name or a value"},
		{"no name", `OAuth ="1"`, "without a name or a value"},
		{"broken escape", `OAuth oauth_nonce="%zz"`, "decoding"},
		{"too many", `OAuth ` + manyParams(), "more than 32"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseAuthorization(tt.header)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, %v; want an error with %q", got, err, tt.want)
			}
		})
	}
}

func manyParams() string {
	var b strings.Builder
	for i := range maxParams + 1 {
		b.WriteString(strings.Repeat("x", i+1) + `="1",`)
	}
	return b.String()
}
