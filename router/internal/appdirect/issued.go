package appdirect

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/signalbox/signalbox/router"
)

// A token that is issued here proves itself: it says whose it is and until
// when, under a keyed hash. Nothing of it is stored, so that nothing can be
// stolen from the disk, and a restart, a crash or a second daemon knows all
// tokens that are out. Its key is made from the secret that the marketplace
// showed for it: with that secret, all of its tokens go. A single one can't be
// taken back before its time.
//
// In base64url, without padding: what tells the client (8 bytes), random (16),
// when it ends in seconds (8, big-endian), HMAC-SHA256 over all of these (32).
const (
	tokenTag    = 8
	tokenRandom = 16
	tokenEnd    = 8
	tokenBody   = tokenTag + tokenRandom + tokenEnd
	tokenSize   = tokenBody + sha256.Size
)

// tokenGrace is for how much longer than it says a token is taken: the
// marketplace counts from when it got it, and a notification may be under way
// when it ends.
const tokenGrace = time.Minute

// issuedTokens are the clients that are given bearer tokens here. It may be
// used by many goroutines.
type issuedTokens struct {
	clients map[string]*tokenClient         // by client id
	tags    map[[tokenTag]byte]*tokenClient // the same
	now     func() time.Time
}

// tokenClient is a marketplace as a client of our token endpoint.
type tokenClient struct {
	id, product, scope string
	lifetime           time.Duration
	tag                [tokenTag]byte
	secrets            []router.Secret // the newest first
	keys               []router.Secret // made of them
}

// newTokenClient makes the keys from the secrets. They are bound to the source
// and the client: the same secret given to two makes two keys.
func newTokenClient(source, product string, b *issuedBlock, lifetime time.Duration) (*tokenClient, error) {
	c := &tokenClient{
		id: b.ClientID, product: product, scope: b.Scope, lifetime: lifetime,
		secrets: newestFirst(b.ClientSecret, b.PreviousSecret),
	}
	bound := "signalbox appdirect bearer token 1\x00" + source + "\x00" + c.id
	sum := sha256.Sum256([]byte(bound))
	c.tag = [tokenTag]byte(sum[:])
	for _, s := range c.secrets {
		key, err := hkdf.Key(sha256.New, s.Reveal(), nil, bound, sha256.Size)
		if err != nil {
			return nil, fmt.Errorf("making a key for tokens: %w", err)
		}
		c.keys = append(c.keys, router.NewSecret(key))
	}
	return c, nil
}

// issue makes a token under one of the client's keys.
func (t *issuedTokens) issue(c *tokenClient, key router.Secret) string {
	raw := make([]byte, 0, tokenSize)
	raw = append(raw, c.tag[:]...)
	raw = raw[:tokenTag+tokenRandom]
	_, _ = rand.Read(raw[tokenTag:]) // it never fails
	raw = binary.BigEndian.AppendUint64(raw, uint64(t.now().Add(c.lifetime).Unix()))
	return base64.RawURLEncoding.EncodeToString(append(raw, seal(key, raw)...))
}

func seal(key router.Secret, body []byte) []byte {
	mac := hmac.New(sha256.New, key.Reveal())
	mac.Write(body)
	return mac.Sum(nil)
}

// verify returns the product of a token. The text itself shows in no error.
func (t *issuedTokens) verify(text string) (product string, err error) {
	var raw [tokenSize]byte
	if len(text) != base64.RawURLEncoding.EncodedLen(tokenSize) {
		return "", errForeignToken
	}
	if _, err := base64.RawURLEncoding.Strict().Decode(raw[:], []byte(text)); err != nil {
		return "", errForeignToken
	}
	c := t.tags[[tokenTag]byte(raw[:])]
	if c == nil {
		return "", errForeignToken
	}
	body, genuine := raw[:tokenBody], false
	for _, key := range c.keys {
		if hmac.Equal(seal(key, body), raw[tokenBody:]) {
			genuine = true
		}
	}
	if !genuine {
		return "", refuseCredential("the bearer token of the client %q was not issued under its present secrets", c.id)
	}
	end := time.Unix(int64(binary.BigEndian.Uint64(body[tokenTag+tokenRandom:])), 0)
	if now := t.now(); now.After(end.Add(tokenGrace)) {
		return "", refuseCredential("the bearer token of the client %q ended at %s", c.id, end.UTC().Format(time.RFC3339))
	}
	return c.product, nil
}

// errForeignToken: it may be of another source, or of a client that is no
// longer configured.
var errForeignToken = &CredentialError{Reason: "the bearer token was not issued here"}
