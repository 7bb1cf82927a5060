package webhook

import (
	"strings"
	"testing"

	"github.com/signalbox/signalbox/router"
)

// BenchmarkRequest is what a request costs a source: its proof, its event, and
// the answer, with a body of 2.5 kB, the size of an event of Stripe's.
func BenchmarkRequest(b *testing.B) {
	padded := strings.TrimSuffix(body, "}") + `,"lines":[` + strings.TrimSuffix(strings.Repeat(`{"id":"il_1MtHbELkdIwHu7ix","amount":1000,"currency":"usd"},`, 40), ",") + `]}`
	for name, headers := range map[string][]string{
		"standard_webhooks": standard(b, "webhook", standardSecret, "msg_1", now, padded),
		"stripe":            stripe(stripeSecret, now.AddDate(100, 0, 0), padded), // never too old
		"hmac":              gitHub(hmacSecret, padded),
		"bearer":            {"Authorization", "Bearer " + token},
	} {
		b.Run(name, func(b *testing.B) {
			s := open(b, Kind(), everyProof, names())
			if name != "bearer" {
				s.expressions = nil
			}
			r := post(padded, headers...)
			r.Header.Set("User-Agent", "Sender/1.0")
			r.Header.Set("X-Request-Id", "0198-1")
			b.ReportAllocs()
			for b.Loop() {
				e := take(b, s, r, padded)
				s.Reply(&e, router.Verdict{Kind: router.Success})
			}
		})
	}
	for mode, ctx := range modes() {
		b.Run("cloudevents, "+mode, func(b *testing.B) {
			e := order()
			e.DataEncoded = []byte(padded)
			r, raw := sent(b, ctx, e)
			r.Header.Set("Authorization", "Bearer "+token)
			s := open(b, CloudEvents(), everyProof, nil)
			b.ReportAllocs()
			for b.Loop() {
				e := take(b, s, r, raw)
				s.Reply(&e, router.Verdict{Kind: router.Success})
			}
		})
	}
}
