package appdirect

import (
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

// longestRefusal holds a sentence and a name of maxQuote runes, each of which
// may be shown as a dozen characters.
const longestRefusal = 200 + 12*maxQuote

// FuzzAuthorization: whatever stands in the Authorization header, only the
// credentials that are configured are taken, each for its own product, and the
// refusal repeats no more of the header than a name.
func FuzzAuthorization(f *testing.F) {
	l := newLogin(f)
	now := &clock{testNow}
	issuer := separate("gadget-2", obj{"issuer": obj{"issuer": testIssuer, "jwks_url": l.URL, "audience": testAudience, "client": testParty}})
	s, _ := sourceAt(f, "appdirect.acme", now, obj{"oauth2": []obj{
		separate(testClient, basic(testUser, testPassword)), separate("gadget-1", issued(testIssued, testIssuedSecret)), issuer,
	}})
	// The tokens differ in each process of the fuzzer: they are put in at the end.
	basic, token, jwt := basicHeader(testUser, testPassword), tokenOf(f, s, testIssued), sign(f, jose.ES256, l.ec, "ec", claims(nil))
	for _, header := range []string{
		basic, "basic" + basic[5:], "Bearer {issued}", "bearer\t{issued}", "Bearer {jwt}", "Bearer {jwt}A", basicHeader("", ""), basicHeader(testUser, ""),
		"Basic", "Bearer", "Bearer .", "Bearer ..", "Bearer a.b.c", `OAuth realm=""`, "", " ", "Digest x", basic + ", Bearer {issued}",
	} {
		f.Add(header)
	}
	tokens := strings.NewReplacer("{issued}", token, "{jwt}", jwt)
	f.Fuzz(func(t *testing.T, header string) {
		header = tokens.Replace(header)
		var n router.Notice
		var resp *router.Response
		var err error
		routertest.Bounded(t, func() { n, resp, err = s.Receive(authorized(header), nil) })
		scheme, rest := cutScheme(header)
		if err == nil {
			genuine := map[string]bool{
				"basic " + testClient: true, "bearer gadget-1": rest == token, "bearer gadget-2": rest == jwt,
			}
			if !genuine[scheme+" "+n.Credential] {
				t.Errorf("%q is taken for %s", header, n.Credential)
			}
			if scheme == schemeBasic {
				r := authorized(header)
				if user, password, ok := r.BasicAuth(); !ok || user != testUser || password != testPassword {
					t.Errorf("%q is taken for %s", header, n.Credential)
				}
			}
			return
		}
		if resp == nil || resp.Status != 401 || resp.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("%q: %+v, %v", header, resp, err)
		}
		if scheme != schemeOAuth && len(err.Error()) > longestRefusal {
			t.Errorf("the refusal has %d characters: %v", len(err.Error()), err)
		}
	})
}

// FuzzTokenForm: whatever is posted to the token endpoint, the answer is one of
// RFC 6749, and a token is given only for the client's secret.
func FuzzTokenForm(f *testing.F) {
	s, _ := sourceAt(f, "appdirect.acme", &clock{testNow}, productBlocks(separate("gadget-1", issued(testIssued, testIssuedSecret))))
	const form = "application/x-www-form-urlencoded"
	right := basicHeader(testIssued, testIssuedSecret)
	grant := "grant_type=client_credentials&scope=post_subscription_events"
	for _, seed := range [][3]string{
		{right, form, grant}, {right, form + ";charset=UTF-8", "scope=&grant_type=client_credentials"}, {right, "", grant},
		{"", form, grant + "&client_id=" + testIssued + "&client_secret=" + testIssuedSecret}, {right, form, grant + "&" + grant},
		{basicHeader("acme%2Dnotifications", testIssuedSecret), form, grant}, {"Bearer x", form, grant}, {right, form, "%"}, {right, form, "a;b"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, header, contentType, body string) {
		r := httptest.NewRequest("POST", "/appdirect/acme/oauth2/token", nil)
		r.Header["Authorization"], r.Header["Content-Type"] = []string{header}, []string{contentType}
		if header == "" {
			delete(r.Header, "Authorization")
		}
		var resp *router.Response
		var err error
		routertest.Bounded(t, func() { _, resp, err = s.Receive(r, []byte(body)) })
		var g given
		if resp == nil || json.Unmarshal(resp.Body, &g) != nil || resp.Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("%+v, %v", resp, err)
		}
		if (err == nil) != (resp.Status == 200 && g.AccessToken != "" && g.Error == "") || err != nil && (g.AccessToken != "" || g.Error == "") {
			t.Errorf("%d %s, %v", resp.Status, resp.Body, err)
		}
		if err != nil {
			return
		}
		_, shown, ok := r.BasicAuth()
		if !ok {
			fields, _ := url.ParseQuery(body)
			shown = fields.Get("client_secret")
		}
		if plain, _ := url.QueryUnescape(shown); shown != testIssuedSecret && plain != testIssuedSecret {
			t.Errorf("a token for the secret %q", shown)
		}
		if product, err := s.credentials.endpoint.tokens.verify(g.AccessToken); err != nil || product != "gadget-1" {
			t.Errorf("the token is not taken: %q, %v", product, err)
		}
	})
}
