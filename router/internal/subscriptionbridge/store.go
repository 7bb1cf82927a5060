package subscriptionbridge

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/signalbox/signalbox/router"
)

// store is one that may call: its credentials, and where it may call from.
type store struct {
	username string
	secrets  []secretPair
	// allowFrom is empty for a store that may call from anywhere.
	allowFrom networks
}

// secretPair is what a token is made of.
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

// stranger is a refusal of who calls. Its public text is what the caller reads,
// the error is for the operator.
type stranger struct {
	public string
	error
}

const (
	publicUnknown = "Username or Token is wrong, or the Token is too old."
	publicAddress = "The store does not allow calls from this address."
)

// authenticate returns the store that a document comes from. The address is
// looked at last, so that only who has the credentials learns that it matters.
func (s *Source) authenticate(r *http.Request, doc document, now time.Time) (*store, *stranger) {
	st, known := s.stores[doc.username]
	secrets := s.decoy // an unknown name takes as long as a known one
	if known {
		secrets = st.secrets
	}
	if valid := validToken(doc.token, secrets, now); !valid || !known {
		return nil, &stranger{publicUnknown, whyUnknown(doc, known, now)}
	}
	if len(st.allowFrom) == 0 {
		return st, nil
	}
	from, err := s.proxies.client(r)
	if err != nil {
		return nil, &stranger{publicAddress, fmt.Errorf("finding the address that the store %q calls from: %w", st.username, err)}
	}
	if !st.allowFrom.contain(from) {
		return nil, &stranger{publicAddress, fmt.Errorf("the store %q may not call from %s: allow_from does not name it", st.username, from)}
	}
	return st, nil
}

// whyUnknown is for the operator: it names no secret, and not what was sent,
// which may be one in the wrong place.
func whyUnknown(doc document, known bool, now time.Time) error {
	switch {
	case doc.username == "":
		return errors.New("the Username is missing")
	case !known:
		return errors.New("the Username is none that is configured")
	case doc.token == "":
		return errors.New("the Token is missing")
	}
	minute := func(m time.Duration) string { return now.Add(m * time.Minute).UTC().Format(minuteLayout) }
	return fmt.Errorf("the Token fits no minute from %s to %s UTC for the store %q: compare the password, the API key and the caller's clock",
		minute(oldestMinute), minute(newestMinute), doc.username)
}
