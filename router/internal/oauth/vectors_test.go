package oauth

import (
	"encoding/json"
	"net/url"
	"os"
	"testing"

	"github.com/signalbox/signalbox/router"
)

// vector is one known request with the base string and the signature that the
// world agrees on for it. testdata/vectors.json says where each comes from.
type vector struct {
	Name           string            `json:"name"`
	Method         string            `json:"method"`
	Address        string            `json:"address"`
	Header         map[string]string `json:"header"`
	ConsumerSecret string            `json:"consumer_secret"`
	TokenSecret    string            `json:"token_secret"`
	BaseString     string            `json:"base_string"`
	Signature      string            `json:"signature"`
}

func (v vector) params() []Param {
	var params []Param
	for name, value := range v.Header {
		params = append(params, Param{name, value})
	}
	return params
}

func vectors(t testing.TB) []vector {
	t.Helper()
	raw, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vs []vector
	if err := json.Unmarshal(raw, &vs); err != nil {
		t.Fatal(err)
	}
	if len(vs) == 0 {
		t.Fatal("testdata/vectors.json is empty")
	}
	return vs
}

func TestVectors(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			base, err := BaseString(v.Method, parse(t, v.Address), v.params())
			if err != nil {
				t.Fatal(err)
			}
			if base != v.BaseString {
				t.Errorf("base string\n got %s\nwant %s", base, v.BaseString)
			}
			signature, err := Signature(base, secret(v.ConsumerSecret), secret(v.TokenSecret))
			if err != nil {
				t.Fatal(err)
			}
			if signature != v.Signature {
				t.Errorf("signature = %s, want %s", signature, v.Signature)
			}
		})
	}
}

func parse(t testing.TB, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func secret(s string) router.Secret { return router.NewSecret([]byte(s)) }
