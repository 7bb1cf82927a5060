package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/signalbox/signalbox/router"
)

// keySize is AES-256's.
const keySize = 32

// Key seals and opens. It can't print itself.
type Key struct {
	id   string // in sealed values: which key it was, and nothing more of it
	aead cipher.AEAD
}

// Keys are those in use: the first seals, all open.
type Keys []*Key

// idBytes of a key's hash tell the few keys of one journal apart.
const idBytes = 4

func newKey(raw []byte) (*Key, error) {
	block, err := aes.NewCipher(raw)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	id := sha256.Sum256(append([]byte("signalbox seal key "), raw...))
	return &Key{id: hex.EncodeToString(id[:idBytes]), aead: aead}, nil
}

// errNotAKey says in what a word is no key; what to do about it depends on where
// the word stands.
type errNotAKey int

func (n errNotAKey) Error() string {
	return fmt.Sprintf("key %d is not %d random bytes in base64 or hex", int(n), keySize)
}

// Parse reads keys, one a line, each 32 bytes in hex or base64. No error quotes
// what it was given.
func Parse(text router.Secret) (Keys, error) {
	keys, err := parse(text)
	if none := errNotAKey(0); errors.As(err, &none) {
		err = fmt.Errorf("%w; make one with: openssl rand -base64 %d", err, keySize)
	}
	return keys, err
}

func parse(text router.Secret) (Keys, error) {
	var keys Keys
	for _, word := range strings.Fields(string(text.Reveal())) {
		raw, err := decode(word)
		if err != nil {
			return nil, errNotAKey(len(keys) + 1)
		}
		key, err := newKey(raw)
		if err != nil {
			return nil, fmt.Errorf("taking key %d: %w", len(keys)+1, err)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, errors.New("there is no key in it")
	}
	return keys, nil
}

var errNoKey = errors.New("it is no key")

func decode(word string) ([]byte, error) {
	if raw, err := hex.DecodeString(word); err == nil && len(raw) == keySize {
		return raw, nil
	}
	word = strings.TrimRight(word, "=")
	for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		if raw, err := e.DecodeString(word); err == nil && len(raw) == keySize {
			return raw, nil
		}
	}
	return nil, errNoKey
}

// Cover reports whether they open all that the others have sealed.
func (k Keys) Cover(others Keys) bool {
	for _, other := range others {
		if k.named(other.id) == nil {
			return false
		}
	}
	return true
}

// generate makes the text of a new key.
func generate() []byte {
	raw := make([]byte, keySize)
	_, _ = rand.Read(raw) // it never fails
	return []byte(base64.StdEncoding.EncodeToString(raw) + "\n")
}
