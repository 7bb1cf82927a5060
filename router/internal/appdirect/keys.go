package appdirect

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	// keysLimit ends a fetch of keys: the marketplace waits for seconds, and
	// the event has to be fetched after it.
	keysLimit = 2 * time.Second
	// keysRenew is after how long keys are fetched again, so that one which the
	// issuer has withdrawn goes here too.
	keysRenew = time.Hour
	// keysKeep is for how long keys are good while they can't be fetched again.
	// Longer than an issuer is likely to be down over a night.
	keysKeep = 24 * time.Hour
	// keysPause lies between two fetches for the sake of unknown keys, which
	// anybody can name; an issuer shows a new key before it signs with it.
	keysPause = 10 * time.Second
	// keysRetry lies between two fetches that fail while no key is at hand, and
	// keysRetryOld while the old ones do.
	keysRetry    = time.Second
	keysRetryOld = time.Minute
	// maxKeys bounds the document; one of ten keys with certificates has 20 kB.
	maxKeys = 256 << 10
)

// keySet are the public keys of an issuer, as a JSON Web Key Set (RFC 7517). It
// starts nothing of its own: a request that needs a key fetches them.
type keySet struct {
	address string
	client  *http.Client
	now     func() time.Time

	turn chan struct{} // holds one while somebody fetches
	keys atomic.Pointer[keys]
}

// keys are what came of the last fetch, and of the last that succeeded. They
// are not changed.
type keys struct {
	byID    map[string]jose.JSONWebKey
	fetched time.Time // zero: never
	next    time.Time // before it, nothing is fetched
	err     error     // of the last fetch
}

func newKeySet(address string, now func() time.Time) *keySet {
	k := &keySet{address: address, now: now, turn: make(chan struct{}, 1), client: newKeyClient()}
	k.keys.Store(&keys{})
	return k
}

// newKeyClient keeps no connection: it is used once an hour, and nobody ends it.
// The address is the operator's own and may be in a private network.
func newKeyClient() *http.Client {
	return &http.Client{
		Timeout:       keysLimit,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, ForceAttemptHTTP2: true,
			TLSHandshakeTimeout: keysLimit, MaxResponseHeaderBytes: maxResponseHeader,
		},
	}
}

// find returns the key of that id; "" stands for the only one there is. An
// error is a refusal or errNotNow.
func (k *keySet) find(ctx context.Context, id string) (jose.JSONWebKey, error) {
	have := k.keys.Load()
	key, known := have.byID[id]
	switch age := k.now().Sub(have.fetched); {
	case known && age < keysRenew:
		return key, nil
	case known && age < keysKeep:
		// Old, and good: who comes first fetches, the others go on.
		select {
		case k.turn <- struct{}{}:
			have = k.fetch(ctx)
		default:
			return key, nil
		}
	default:
		select {
		case k.turn <- struct{}{}:
			have = k.fetch(ctx)
		case <-ctx.Done():
			return jose.JSONWebKey{}, errKeys(k.address, ctx.Err())
		}
	}
	if key, known := have.byID[id]; known && k.now().Sub(have.fetched) < keysKeep {
		return key, nil
	}
	if have.err != nil {
		return jose.JSONWebKey{}, errKeys(k.address, have.err)
	}
	return jose.JSONWebKey{}, refuseCredential("the issuer has no key %q", bounded(id, maxName))
}

// fetch fetches the keys, if it is time, and gives back the turn that the caller
// has. What it fetches is everybody's, so that the end of the caller's connection
// does not end it.
func (k *keySet) fetch(ctx context.Context) *keys {
	defer func() { <-k.turn }()
	have := k.keys.Load()
	if k.now().Before(have.next) {
		return have
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keysLimit)
	defer cancel()
	next := &keys{}
	next.byID, next.err = k.get(ctx)
	now := k.now()
	switch {
	case next.err == nil:
		next.fetched, next.next = now, now.Add(keysPause)
	default:
		next.byID, next.fetched, next.next = have.byID, have.fetched, now.Add(keysRetry)
		if now.Sub(have.fetched) < keysKeep {
			next.next = now.Add(keysRetryOld)
		}
	}
	k.keys.Store(next)
	return next
}

func (k *keySet) get(ctx context.Context) (map[string]jose.JSONWebKey, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, k.address, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/jwk-set+json, application/json")
	resp, err := k.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the issuer answered %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxKeys+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxKeys {
		return nil, fmt.Errorf("the key set is larger than %d bytes", maxKeys)
	}
	return readKeys(body)
}

// readKeys reads a key set. A key of a kind that is not known here does not
// spoil the others (RFC 7517 §5).
func readKeys(body []byte) (map[string]jose.JSONWebKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, fmt.Errorf("the key set can't be read: %w", err)
	}
	byID := map[string]jose.JSONWebKey{}
	var last jose.JSONWebKey
	n := 0
	for _, raw := range set.Keys {
		var key jose.JSONWebKey
		if json.Unmarshal(raw, &key) != nil || !key.Valid() || !key.IsPublic() || key.Use == "enc" {
			continue
		}
		byID[key.KeyID] = key
		last, n = key, n+1
	}
	switch n {
	case 0:
		return nil, fmt.Errorf("the key set has no public key among its %d", len(set.Keys))
	case 1:
		byID[""] = last
	default:
		delete(byID, "") // which of several is meant can't be told
	}
	return byID, nil
}
