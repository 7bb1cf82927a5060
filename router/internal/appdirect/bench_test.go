package appdirect

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"testing"

	"github.com/signalbox/signalbox/router"
)

// BenchmarkReceive is a notification from its request to the notice.
func BenchmarkReceive(b *testing.B) {
	s, _ := newSource(b, nil)
	const path = "/appdirect/acme?url="
	asked := path + url.QueryEscape(testMarketplace+"/api/integration/v1/events/"+testToken)
	authorization, err := signer(testKey, testSecret).Header(http.MethodGet, parseURL(b, testPublic+asked))
	if err != nil {
		b.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, asked, nil)
	r.Header.Set("Authorization", authorization)
	r.Header.Set("Accept", "application/json, application/xml")
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := s.Receive(r, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// canned answers every request with the same document, without a connection.
type canned []byte

func (c canned) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{},
		Body: io.NopCloser(bytes.NewReader(c)), ContentLength: int64(len(c)),
	}, nil
}

// BenchmarkFetch is what a fetch costs beside the connection: signing, the
// request, reading and checking the document.
func BenchmarkFetch(b *testing.B) {
	s, n := at(b, testMarketplace, nil)
	s.client.Transport = canned(benchOrder(b))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Fetch(b.Context(), n); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkNotification is what an event costs until it can be routed, beside
// its fetch: the notification is verified and read, and so is the document.
func BenchmarkNotification(b *testing.B) {
	s, _ := newSource(b, nil)
	document := benchOrder(b)
	r := notify(b, signer(testKey, testSecret), "/appdirect/acme", "url="+url.QueryEscape(testAddress))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := s.Receive(r, nil); err != nil {
			b.Fatal(err)
		}
		if _, err := Decode(document); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	raw := benchOrder(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(raw); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReply is a verdict from the routes' reply to the response.
func BenchmarkReply(b *testing.B) {
	s, _ := newSource(b, nil)
	e := &router.Event{Type: typeSubscriptionOrder, Notice: router.Notice{Format: formatJSON}}
	v := router.Verdict{Kind: router.Success, Reply: json.RawMessage(`{"accountIdentifier":"cus_QbR81hz","message":"Welcome"}`)}
	b.ReportAllocs()
	for b.Loop() {
		if missing := s.MissingReply(e, v.Reply); missing != "" {
			b.Fatal(missing)
		}
		if r := s.Reply(e, v); r.Status != http.StatusOK {
			b.Fatal(r.Status)
		}
	}
}

func benchOrder(b *testing.B) []byte {
	raw, err := os.ReadFile("testdata/events/subscription_order.json")
	if err != nil {
		b.Fatal(err)
	}
	return raw
}
