package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// secretPrefix begins a secret in the specification's own form.
const secretPrefix = "whsec_"

// minSecret is the shortest secret that the specification allows, in bytes.
const minSecret = 24

// keyOf returns the bytes of a secret: base64 behind "whsec_", else the text
// itself. Its error does not quote the secret.
func keyOf(secret string) ([]byte, error) {
	encoded, ok := strings.CutPrefix(secret, secretPrefix)
	if !ok {
		return []byte(secret), nil
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, errors.New("what follows " + secretPrefix + " is not base64")
	}
	return key, nil
}

// messageID is the webhook-id of an idempotency key. A full stop would end it
// early in the signed text, and a route's name may hold one: so, a digest.
func messageID(key string) string {
	sum := sha256.Sum256([]byte(key))
	return "msg_" + hex.EncodeToString(sum[:])
}

// signature is the webhook-signature of a body (Standard Webhooks,
// "Signature scheme"): HMAC-SHA256 over id, timestamp and body, joined by
// full stops.
func signature(key []byte, id string, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.", id, timestamp(at))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func timestamp(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }
