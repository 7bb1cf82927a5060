package simulate

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/oauth"
)

// The clock and the nonce of all tests: a signature made twice is the same.
func testNow() time.Time { return time.Date(2026, 5, 4, 10, 20, 30, 0, time.UTC) }

const (
	testKey   = "gizmo-12056"
	testToken = "0d5b2c5e-0a0e-4b62-9d6b-1c1f5d0a7b11"
)

func testSecret() router.Secret { return router.NewSecret([]byte("s3cr3tS3cr3t")) }

func startMarketplace(t *testing.T, change func(*Options)) *Marketplace {
	t.Helper()
	o := Options{
		ConsumerKey: testKey, ConsumerSecret: testSecret(), Now: testNow,
		Nonce: func() string { return "-5601359236458923633" }, NewToken: func() string { return testToken },
	}
	if change != nil {
		change(&o)
	}
	m := NewMarketplace(o)
	if err := m.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Stop)
	return m
}

// vendor is a vendor's side: it verifies a notification, fetches the event and
// answers.
type vendor struct {
	t      *testing.T
	signer oauth.Signer
	// accept is the Accept header of the fetch.
	accept string
	// answer is told the fetched document and writes the answer.
	answer func(w http.ResponseWriter, r *http.Request, eventAddress string, doc []byte)
}

func newVendor(t *testing.T) *vendor {
	return &vendor{
		t: t, accept: "application/json", signer: oauth.NewSigner(testKey, testSecret(), testNow),
		answer: func(w http.ResponseWriter, _ *http.Request, _ string, _ []byte) {
			fmt.Fprint(w, `{"success":true,"accountIdentifier":"cus_1"}`)
		},
	}
}

func (v *vendor) start() *httptest.Server {
	s := httptest.NewServer(v)
	v.t.Cleanup(s.Close)
	return s
}

func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	verifier := oauth.Verifier{
		Secrets: func(string) []router.Secret { return []router.Secret{testSecret()} },
		Window:  time.Minute, Now: testNow,
	}
	called, err := url.Parse("http://" + r.Host + r.URL.RequestURI())
	if err != nil {
		v.t.Error(err)
	}
	if _, err := verifier.Verify(r.Method, called, r.Header.Values("Authorization")); err != nil {
		v.t.Errorf("the notification's signature: %v", err)
	}
	address := r.URL.Query().Get("url")
	status, doc := v.call(http.MethodGet, address, nil)
	if status != http.StatusOK {
		v.t.Errorf("the fetch of %s was answered %d: %s", address, status, doc)
	}
	v.answer(w, r, address, doc)
}

// call makes one signed request.
func (v *vendor) call(method, address string, body []byte) (int, []byte) {
	v.t.Helper()
	req, err := http.NewRequest(method, address, bytes.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	authorization, err := v.signer.Header(method, req.URL)
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header.Set("Authorization", authorization)
	if v.accept != "" {
		req.Header.Set("Accept", v.accept)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return res.StatusCode, got
}
