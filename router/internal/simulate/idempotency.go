package simulate

import (
	"net/http"
	"slices"
	"time"
)

// keyLifetime is for how long a key is remembered. (Stripe API reference,
// 'Idempotent requests': keys may be removed after they are 24 hours old.)
const keyLifetime = 24 * time.Hour

// idempotency remembers the first answer given under each key. The zero value
// is ready for use; its owner locks.
type idempotency struct {
	firsts []firstAnswer // oldest first
}

type firstAnswer struct {
	key, fingerprint string
	at               time.Time
	answer           answer
}

// recall returns the first answer given under the key in its lifetime.
func (i *idempotency) recall(key string, now time.Time) (firstAnswer, bool) {
	i.firsts = slices.DeleteFunc(i.firsts, func(f firstAnswer) bool { return now.Sub(f.at) >= keyLifetime })
	for _, f := range i.firsts {
		if f.key == key {
			return f, true
		}
	}
	return firstAnswer{}, false
}

// remember keeps the answer under a key that recall does not know.
func (i *idempotency) remember(key string, now time.Time, fingerprint string, a answer) {
	i.firsts = keepLatest(i.firsts, maxKept, firstAnswer{key: key, fingerprint: fingerprint, at: now, answer: a})
}

// replay is the first answer again, marked as such.
func (f firstAnswer) replay() answer {
	again := f.answer
	again.header = http.Header{"Idempotent-Replayed": {"true"}}
	return again
}
