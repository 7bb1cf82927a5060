package simulate

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/appdirect"
	"github.com/signalbox/signalbox/router/internal/oauth"
)

// pageVendor is a vendor's interactive endpoint: so many waiting pages, then
// the way back.
type pageVendor struct {
	t *testing.T
	// pages are shown one after the other.
	pages []string
	// back changes the signed way back before the browser is sent there.
	back   func(*url.URL) *url.URL
	answer string // of the result, in the return address
	secret router.Secret
	asked  []string
}

func (v *pageVendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.asked = append(v.asked, r.URL.Path)
	if len(v.asked) == 1 {
		called, err := url.Parse("http://" + r.Host + r.URL.RequestURI())
		if err != nil {
			v.t.Error(err)
		}
		verifier := oauth.Verifier{Secrets: func(string) []router.Secret { return []router.Secret{testSecret()} }, Window: time.Minute, Now: testNow}
		if _, err := verifier.Verify(r.Method, called, r.Header.Values("Authorization")); err != nil || r.Header.Get("Authorization") != "" {
			v.t.Errorf("the redirect's signature: %v, %q", err, r.Header.Get("Authorization"))
		}
	}
	if n := len(v.asked) - 1; n < len(v.pages) {
		fmt.Fprint(w, v.pages[n])
		return
	}
	status, doc := (&vendor{t: v.t, signer: oauth.NewSigner(testKey, testSecret(), testNow), accept: "application/json"}).call(http.MethodGet, r.URL.Query().Get("url"), nil)
	document, err := appdirect.Decode(doc)
	if status != http.StatusOK || err != nil {
		v.t.Errorf("fetched %d %s: %v", status, doc, err)
	}
	_, rest, _ := strings.Cut(string(document.Attributes), `"returnUrl":"`)
	returnURL, _, _ := strings.Cut(rest, `"`)
	home, err := url.Parse(returnURL + v.answer)
	if err != nil {
		v.t.Error(err)
	}
	signed, err := oauth.NewSigner(testKey, v.secret, testNow).Query(http.MethodGet, home)
	if err != nil {
		v.t.Error(err)
		return
	}
	w.Header().Set("Location", v.back(signed).String())
	w.WriteHeader(http.StatusSeeOther)
}

func TestBrowse(t *testing.T) {
	const refreshing = `<!doctype html><title>Please wait</title><meta http-equiv="Refresh" content="0">`
	plain := func(u *url.URL) *url.URL { return u }
	success := "&success=true&accountIdentifier=cus%201"
	for _, tt := range []struct {
		name   string
		change func(*pageVendor)
		result string // or
		err    string
		pages  int
	}{
		{"at once", func(*pageVendor) {}, "success accountIdentifier=cus 1", "", 1},
		{"pages that ask for themselves", func(v *pageVendor) { v.pages = []string{refreshing, refreshing} }, "success accountIdentifier=cus 1", "", 3},
		{"a page that asks for another", func(v *pageVendor) {
			v.pages = []string{`<META content="0; URL='/wait?url=EVENT&amp;a=b'" http-equiv=refresh>`}
		}, "success accountIdentifier=cus 1", "", 2},
		{"failure", func(v *pageVendor) { v.answer = "&success=false&errorCode=OPERATION_CANCELLED&message=no+thanks" }, `failure errorCode=OPERATION_CANCELLED message="no thanks"`, "", 1},
		{"a page that leads nowhere", func(v *pageVendor) { v.pages = []string{"<p>Sorry</p>"} }, "", "leads nowhere", 1},
		{"a result instead of a page", func(v *pageVendor) { v.pages = []string{`{"success":true,"message":"done"}`} }, "", `a result (success message="done")`, 1},
		{"another site", func(v *pageVendor) {
			v.back = func(*url.URL) *url.URL { return &url.URL{Scheme: "https", Host: "evil.example", Path: "/"} }
		}, "", "neither the vendor's", 1},
		{"signed by somebody else", func(v *pageVendor) { v.secret = router.NewSecret([]byte("other")) }, "", "mismatch", 1},
		{"changed on the way", func(v *pageVendor) {
			v.back = func(u *url.URL) *url.URL {
				u.RawQuery = strings.Replace(u.RawQuery, "success=true", "success=false", 1)
				return u
			}
		}, "", "mismatch", 1},
		{"not signed", func(v *pageVendor) {
			v.back = func(u *url.URL) *url.URL {
				u.RawQuery, _, _ = strings.Cut(u.RawQuery, "&oauth_")
				return u
			}
		}, "", "missing", 1},
		{"no success", func(v *pageVendor) { v.answer = "&success=1" }, "", `success="1"`, 1},
		{"success twice", func(v *pageVendor) { v.answer = "&success=true&success=true" }, "", "twice", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := startMarketplace(t, nil)
			v := &pageVendor{t: t, back: plain, answer: success, secret: testSecret()}
			tt.change(v)
			for i, page := range v.pages {
				v.pages[i] = strings.ReplaceAll(page, "EVENT", url.QueryEscape(m.eventAddress(testToken)))
			}
			server := httptest.NewServer(v)
			t.Cleanup(server.Close)
			x, err := m.Browse(t.Context(), server.URL+"/interactive", NewCustomer(1).Event("SUBSCRIPTION_ORDER"))
			if x.Pages != tt.pages {
				t.Errorf("%d pages, want %d", x.Pages, tt.pages)
			}
			if tt.err != "" {
				if !errors.Is(err, ErrNoAnswer) || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("%v, want %q", err, tt.err)
				}
				return
			}
			if err != nil || x.Result.String() != tt.result || x.Fetches != 1 {
				t.Errorf("%v after %d fetches, %v; want %s", x.Result, x.Fetches, err, tt.result)
			}
			if _, consumed := m.find(testToken); !consumed {
				t.Error("the event can be fetched again")
			}
		})
	}
}

func TestBrowseNeedsSharedCredentials(t *testing.T) {
	m, _, endpoint := startSeparate(t, false, testNow)
	if _, err := m.Browse(t.Context(), endpoint, NewCustomer(1).Event("SUBSCRIPTION_ORDER")); !errors.Is(err, ErrSeparate) {
		t.Errorf("got %v", err)
	}
}

func TestBrowseEndsWithItsTime(t *testing.T) {
	m := startMarketplace(t, func(o *Options) { o.CallbackWithin = 300 * time.Millisecond })
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<meta http-equiv="refresh" content="0">`)
	}))
	t.Cleanup(server.Close)
	x, err := m.Browse(t.Context(), server.URL, NewCustomer(1).Event("SUBSCRIPTION_ORDER"))
	if err == nil || x.Pages < 2 || x.Result != nil {
		t.Errorf("%+v, %v", x, err)
	}
}
