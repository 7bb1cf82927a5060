package appdirect

import (
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// BenchmarkReceiveSeparate is a notification from its request to the notice, by
// the kind of credentials that it bears.
func BenchmarkReceiveSeparate(b *testing.B) {
	l := newLogin(b)
	s, _ := loginSource(b, l, &clock{testNow})
	users, _ := sourceAt(b, "appdirect.acme", &clock{testNow}, productBlocks(separate(testClient, basic(testUser, testPassword))))
	for _, bb := range []struct {
		name, header string
		source       *Source
	}{
		{"basic", basicHeader(testUser, testPassword), users},
		{"issued", "Bearer " + tokenOf(b, s, testIssued), s},
		{"issuer RS256", "Bearer " + sign(b, jose.RS256, l.rsa, "rsa", claims(nil)), s},
		{"issuer ES256", "Bearer " + sign(b, jose.ES256, l.ec, "ec", claims(nil)), s},
	} {
		b.Run(bb.name, func(b *testing.B) {
			r := authorized(bb.header)
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := bb.source.Receive(r, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkToken is a request for a token and its answer.
func BenchmarkToken(b *testing.B) {
	s, _ := sourceAt(b, "appdirect.acme", &clock{testNow}, productBlocks(separate(testClient, issued(testIssued, testIssuedSecret))))
	r, _ := askToken(basicHeader(testIssued, testIssuedSecret), nil)
	body := []byte("grant_type=client_credentials&scope=post_subscription_events")
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := s.Receive(r, body); err != nil {
			b.Fatal(err)
		}
	}
}
