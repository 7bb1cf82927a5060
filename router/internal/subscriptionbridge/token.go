package subscriptionbridge

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/hex"
	"hash"
	"time"
)

// minuteLayout is the time that a token is made over, in UTC; its seconds are
// always 00 (SubscriptionBridge wiki, "Field Reference", Token).
const minuteLayout = "2006-01-02T15:04:00"

// A token is good in its own minute and the two after it, as documented; one
// minute ahead is for a caller whose clock runs fast.
const (
	oldestMinute = -2
	newestMinute = +1
)

// Token returns the token of the minute that at lies in: the HMAC-SHA1 of
// password + "|" + minute, keyed with the API key's own bytes, in lower-case
// hex.
func Token(password, apiKey []byte, at time.Time) string {
	return hex.EncodeToString(tokenSum(hmac.New(sha1.New, apiKey), password, at))
}

// tokenSum is a token's bytes. The mac is keyed with the API key, and may have
// been used.
func tokenSum(mac hash.Hash, password []byte, at time.Time) []byte {
	minute := make([]byte, 0, len("|"+minuteLayout))
	mac.Reset()
	mac.Write(password)
	mac.Write(at.UTC().AppendFormat(append(minute, '|'), minuteLayout))
	return mac.Sum(nil)
}

// validToken reports whether token is one of those that are good at now. It
// tries every candidate, whichever fits, so that the time it takes tells
// nothing. Hex digits may be of either case: PHP clients send lower, .NET
// clients upper.
func validToken(token string, secrets []secretPair, now time.Time) bool {
	sum, err := hex.DecodeString(token)
	if err != nil {
		sum = nil
	}
	found := 0
	for _, s := range secrets {
		mac := hmac.New(sha1.New, s.apiKey.Reveal())
		for m := oldestMinute; m <= newestMinute; m++ {
			want := tokenSum(mac, s.password.Reveal(), now.Add(time.Duration(m)*time.Minute))
			found |= subtle.ConstantTimeCompare(sum, want)
		}
	}
	return found == 1
}
