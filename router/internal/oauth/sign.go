package oauth

import (
	"crypto/rand"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/dghubble/oauth1"

	"github.com/signalbox/signalbox/router"
)

const (
	signatureMethod = "HMAC-SHA1"
	version10       = "1.0"
)

// Signature signs a base string with HMAC-SHA1 (RFC 5849 §3.4.2). The token's
// secret is empty in a two-legged exchange.
func Signature(base string, consumer, token router.Secret) (string, error) {
	signer := oauth1.HMACSigner{ConsumerSecret: string(consumer.Reveal())}
	signature, err := signer.Sign(string(token.Reveal()), base)
	if err != nil {
		return "", fmt.Errorf("signing with %s: %w", signatureMethod, err)
	}
	return signature, nil
}

// Signer signs what goes out in the name of one consumer.
type Signer struct {
	Key    string
	Secret router.Secret
	Now    func() time.Time
	// Nonce returns a text that no earlier request of the same second had.
	Nonce func() string
}

// NewSigner returns a Signer whose nonces are random.
func NewSigner(key string, secret router.Secret, now func() time.Time) Signer {
	return Signer{Key: key, Secret: secret, Now: now, Nonce: rand.Text}
}

// Header returns the Authorization header of a request to the absolute
// address. A body takes no part in it.
func (s Signer) Header(method string, address *url.URL) (string, error) {
	params, err := s.sign(method, address)
	if err != nil {
		return "", err
	}
	return formatAuthorization(params), nil
}

// Query returns the address with the signature in its query, which is how an
// address that a browser is sent to is signed.
func (s Signer) Query(method string, address *url.URL) (*url.URL, error) {
	params, err := s.sign(method, address)
	if err != nil {
		return nil, err
	}
	signed := *address
	query := []byte(address.RawQuery)
	for _, p := range params {
		if len(query) > 0 {
			query = append(query, '&')
		}
		query = append(appendEncoded(query, p.Name), '=')
		query = appendEncoded(query, p.Value)
	}
	signed.RawQuery = string(query)
	return &signed, nil
}

// sign returns the protocol's parameters, the signature among them, in
// alphabetical order.
func (s Signer) sign(method string, address *url.URL) ([]Param, error) {
	params := []Param{
		{paramConsumerKey, s.Key},
		{paramNonce, s.Nonce()},
		{paramSignature, ""},
		{paramMethod, signatureMethod},
		{paramTimestamp, strconv.FormatInt(s.Now().Unix(), 10)},
		{paramVersion, version10},
	}
	base, err := BaseString(method, address, params)
	if err != nil {
		return nil, err
	}
	if params[2].Value, err = Signature(base, s.Secret, router.Secret{}); err != nil {
		return nil, err
	}
	return params, nil
}
