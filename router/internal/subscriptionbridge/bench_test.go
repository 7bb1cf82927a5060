package subscriptionbridge

import (
	"testing"

	"github.com/signalbox/signalbox/router"
)

// BenchmarkEventRequest is all that the source does for one event.
func BenchmarkEventRequest(b *testing.B) {
	s, body := newTestSource(b, ""), call(nil)
	r := post("/sb/EventRequest")
	r.Header.Set("Content-Type", "text/xml")
	b.ReportAllocs()
	for b.Loop() {
		n, _, err := s.Receive(r, body)
		if err != nil {
			b.Fatal(err)
		}
		e, err := s.Fetch(b.Context(), n)
		if err != nil {
			b.Fatal(err)
		}
		s.Reply(&e, router.Verdict{Kind: router.Success})
	}
}
