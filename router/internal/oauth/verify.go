package oauth

import (
	"crypto/hmac"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/signalbox/signalbox/router"
)

// Kind tells why a request was not accepted.
type Kind string

const (
	// Missing: the request is not signed at all.
	Missing Kind = "missing"
	// Malformed: the protocol's parameters can't be read, or ask for what is
	// not spoken here.
	Malformed Kind = "malformed"
	// UnknownConsumer: nobody has this consumer key.
	UnknownConsumer Kind = "unknown consumer"
	// Mismatch: the signature is not the consumer's over this request.
	Mismatch Kind = "mismatch"
	// Stale: the signature is right, its time is not.
	Stale Kind = "stale"
)

// Error is a refusal. It holds nothing secret. Its text quotes no more than 100
// characters of anything, since anybody may send requests that are refused.
type Error struct {
	Kind Kind
	// ConsumerKey is whom the request claims to be from, or "".
	ConsumerKey string
	// BaseString is what a signature was expected over, or "" where it could
	// not be built. To compare it with the sender's is the way to find a wrong
	// public address.
	BaseString string
	Err        error
}

func (e *Error) Error() string {
	return "verifying the OAuth signature: " + string(e.Kind) + ": " + e.Err.Error()
}
func (e *Error) Unwrap() error { return e.Err }

// Verifier authenticates requests. It keeps no state, so that a request
// repeated to the byte is verified again.
type Verifier struct {
	// Secrets returns the secrets of a consumer key: one, or two while one
	// rotates; none means that the key is unknown.
	Secrets func(consumerKey string) []router.Secret
	// Window is how far, to both sides, a timestamp may lie from Now.
	Window time.Duration
	Now    func() time.Time
}

// Verify checks the signature of a request to the address, which is absolute
// and has the query as the caller wrote it, and returns the consumer key. The
// protocol's parameters stand in one of the Authorization headers or, where
// none is of the scheme OAuth, in the query. An error is an *Error.
func (v *Verifier) Verify(method string, address *url.URL, authorizations []string) (consumerKey string, err error) {
	query, err := ParseQuery(address.RawQuery)
	if err != nil {
		return "", &Error{Kind: Malformed, Err: err}
	}
	header, err := findAuthorization(authorizations)
	if err != nil {
		return "", &Error{Kind: Malformed, Err: err}
	}
	claim, err := readClaim(query, header)
	if err != nil {
		return "", err
	}
	base, err := baseString(method, address, query, header)
	if err != nil {
		return "", &Error{Kind: Malformed, ConsumerKey: claim.key, Err: err}
	}
	refuse := func(kind Kind, format string, args ...any) (string, error) {
		return "", &Error{Kind: kind, ConsumerKey: claim.key, BaseString: base, Err: fmt.Errorf(format, args...)}
	}
	secrets := v.Secrets(claim.key)
	if len(secrets) == 0 {
		return refuse(UnknownConsumer, "no consumer key %.100q is configured", claim.key)
	}
	matched := false
	for _, secret := range secrets {
		want, err := Signature(base, secret, router.Secret{})
		if err != nil {
			return refuse(Malformed, "%w", err)
		}
		if hmac.Equal([]byte(want), []byte(claim.signature)) {
			matched = true
		}
	}
	if !matched {
		return refuse(Mismatch, "the signature does not fit the request; the secret may be another one, or public_url not the address it was made over")
	}
	if off := v.Now().Sub(claim.at); off.Abs() > v.Window {
		return refuse(Stale, "the request was signed at %s, which is more than %s from now", claim.at.UTC().Format(time.RFC3339), v.Window)
	}
	return claim.key, nil
}

// findAuthorization reads the one header of the scheme OAuth, if there is one.
func findAuthorization(authorizations []string) ([]Param, error) {
	var ours []string
	for _, a := range authorizations {
		if _, ok := cutScheme(a); ok {
			ours = append(ours, a)
		}
	}
	switch len(ours) {
	case 0:
		return nil, nil
	case 1:
		return ParseAuthorization(ours[0])
	}
	return nil, errors.New("there is more than one Authorization header of the scheme OAuth")
}

// claim is what a request says of its own signature.
type claim struct {
	key, signature string
	at             time.Time
}

// readClaim takes the protocol's parameters from the header and the query
// together: none of them may stand twice, wherever it stands (RFC 5849 §3.1).
func readClaim(query, header []Param) (claim, error) {
	protocol := map[string]string{}
	for _, params := range [][]Param{header, query} {
		for _, p := range params {
			if !strings.HasPrefix(p.Name, "oauth_") {
				continue
			}
			if _, twice := protocol[p.Name]; twice {
				return claim{}, &Error{Kind: Malformed, Err: fmt.Errorf("%.100q is given twice", p.Name)}
			}
			protocol[p.Name] = p.Value
		}
	}
	c := claim{key: protocol[paramConsumerKey], signature: protocol[paramSignature]}
	if len(protocol) == 0 {
		return claim{}, &Error{Kind: Missing, Err: errors.New("the request is not signed")}
	}
	malformed := func(format string, args ...any) (claim, error) {
		return claim{}, &Error{Kind: Malformed, ConsumerKey: c.key, Err: fmt.Errorf(format, args...)}
	}
	for _, name := range []string{paramConsumerKey, paramSignature, paramMethod, paramTimestamp, paramNonce} {
		if protocol[name] == "" {
			return malformed("%s is missing", name)
		}
	}
	if m := protocol[paramMethod]; m != signatureMethod {
		return malformed("the signature method %.100q is not %s", m, signatureMethod)
	}
	if version, given := protocol[paramVersion]; given && version != version10 {
		return malformed("the version %.100q is not %s", version, version10)
	}
	seconds, err := strconv.ParseUint(protocol[paramTimestamp], 10, 40)
	if err != nil {
		return malformed("the timestamp %.100q is not a number of seconds", protocol[paramTimestamp])
	}
	c.at = time.Unix(int64(seconds), 0)
	return c, nil
}
