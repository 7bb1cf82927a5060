package subscriptionbridge

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/hex"
	"time"

	"github.com/signalbox/signalbox/router"
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
	return hex.EncodeToString(tokenSum(password, apiKey, at))
}

func tokenSum(password, apiKey []byte, at time.Time) []byte {
	mac := hmac.New(sha1.New, apiKey)
	mac.Write(password)
	mac.Write([]byte("|" + at.UTC().Format(minuteLayout)))
	return mac.Sum(nil)
}

type secretPair struct{ password, apiKey router.Secret }

// secretPairs joins every password with every key: a store's two secrets are
// replaced one at a time, in either order.
func secretPairs(passwords, apiKeys []string) []secretPair {
	var pairs []secretPair
	for _, p := range passwords {
		for _, k := range apiKeys {
			if p != "" && k != "" {
				pairs = append(pairs, secretPair{router.NewSecret([]byte(p)), router.NewSecret([]byte(k))})
			}
		}
	}
	return pairs
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
		for m := oldestMinute; m <= newestMinute; m++ {
			want := tokenSum(s.password.Reveal(), s.apiKey.Reveal(), now.Add(time.Duration(m)*time.Minute))
			found |= subtle.ConstantTimeCompare(sum, want)
		}
	}
	return found == 1
}
