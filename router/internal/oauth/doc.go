// Package oauth speaks OAuth 1.0 as RFC 5849 has it, two-legged and with
// HMAC-SHA1 only: it verifies the signature of a request that came in, and
// signs requests and addresses that go out.
//
// Verification and signing share one builder of the signature base string,
// since a difference between two would show as a signature that only its maker
// accepts.
//
// It is not a nonce store, it fetches nothing, and it knows nothing of the
// systems that sign: which consumer keys exist and what they may do is the
// caller's business.
//
// Start at BaseString (base.go), then Verifier (verify.go), then Signer
// (sign.go).
package oauth
