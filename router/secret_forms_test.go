package router_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/signalbox/signalbox/router"
)

func TestFormsOfASecret(t *testing.T) {
	const secret = "p\u00e4ss/w+rd \"7\"&>"
	for name, tc := range map[string]struct{ secret, text string }{
		"plain":                 {secret, "say " + secret + "!"},
		"JSON":                  {secret, `{"k":"p` + "\u00e4" + `ss/w+rd \"7\"\u0026\u003e"}`},
		"quoted":                {secret, `"p` + "\u00e4" + `ss/w+rd \"7\"&>"`},
		"quoted in ASCII":       {secret, `"p\u00e4ss/w+rd \"7\"&>"`},
		"a query":               {secret, "?k=p%C3%A4ss%2Fw%2Brd+%227%22%26%3E"},
		"a path":                {secret, "/p%C3%A4ss%2Fw+rd%20%227%22&%3E"},
		"hex":                   {secret, "70c3a473732f772b726420223722263e"},
		"base64":                {secret, base64.StdEncoding.EncodeToString([]byte(secret))},
		"base64, behind one":    {secret, base64.StdEncoding.EncodeToString([]byte("u" + secret))},
		"base64, behind two":    {secret, base64.RawURLEncoding.EncodeToString([]byte("u:" + secret + ":more"))},
		"a line of several":     {"-----BEGIN\nMIIEvQIBADAN\n-----END", "it holds MIIEvQIBADAN"},
		"a short line is shown": {"ab\ncdefghij", ""},
	} {
		t.Run(name, func(t *testing.T) {
			forms := router.NewSecret([]byte(tc.secret)).Forms()
			found := tc.text == ""
			for i, form := range forms {
				found = found || strings.Contains(tc.text, form)
				if i > 0 && len(form) > len(forms[i-1]) || form == "ab" {
					t.Errorf("the forms are %q", forms)
				}
			}
			if !found {
				t.Errorf("%s is no form of it: %q", tc.text, forms)
			}
		})
	}
	if forms := (router.Secret{}).Forms(); forms != nil {
		t.Errorf("of nothing: %q", forms)
	}
}
