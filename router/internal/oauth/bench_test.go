package oauth

import "testing"

// BenchmarkVerify is one notification with its signature in the header.
func BenchmarkVerify(b *testing.B) {
	address := parse(b, notification)
	header, err := signer("gizmo-1", "one").Header("GET", address)
	if err != nil {
		b.Fatal(err)
	}
	v := verifier(signedAt)
	authorizations := []string{header}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify("GET", address, authorizations); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHeader signs one fetch.
func BenchmarkHeader(b *testing.B) {
	address := parse(b, "https://www.acme-marketplace.com/api/integration/v1/events/d15bb36e-5fb5-11e0-8c3c-00262d2cda03")
	s := NewSigner("gizmo-1", secret("one"), signer("", "").Now)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Header("GET", address); err != nil {
			b.Fatal(err)
		}
	}
}
