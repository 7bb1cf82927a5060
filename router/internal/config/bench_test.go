package config

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/signalbox/signalbox/router"
)

// benchPayload has the size of a real order's.
const benchPayload = `{"account":{"accountIdentifier":null,"status":"FREE_TRIAL"},"company":{"uuid":"8f3f2b4c-6a5e-4a43-9f0a-3b0f7f5d0001",` +
	`"externalId":"ext-1","name":"Acme","email":"office@example.com","phoneNumber":"5551234567","website":"https://www.example.com","country":"US",` +
	`"address":{"street1":"1 Main Street","city":"Springfield","state":"IL","zip":"62701","country":"US"}},` +
	`"order":{"editionCode":"PRO","pricingDuration":"MONTHLY","items":[{"quantity":"10","unit":"USER"},{"quantity":"15","unit":"MEGABYTE"}]},` +
	`"addonInstance":null,"addonBinding":null,"notice":null,"configuration":{"domain":"example.com","region":"us-east","plan":"a"}}`

// manyRoutes gives n routes over 20 types, each with a condition of its own.
func manyRoutes(n int) string {
	return manyRoutesWhen(n, `event.payload.order.editionCode == "EDITION_%d"`)
}

// manyRoutesWhen is manyRoutes with conditions of another form, which holds the
// route's number.
func manyRoutesWhen(n int, condition string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "route \"r%d\" {\n  from = [source.appdirect.acme]\n  on   = [\"TYPE_%d\"]\n", i, i%20)
		fmt.Fprintf(&b, "  when = "+condition+"\n", i)
		b.WriteString("  deliver \"customer\" {\n    to   = plugin.billing.create_subscription\n    with = { email = event.attributes.creator.email, price = event.payload.order.editionCode }\n  }\n")
		b.WriteString("  reply { accountIdentifier = deliver.customer.customer_id }\n}\n")
	}
	return b.String()
}

func benchEvent() *router.Event {
	event := orderEvent(benchPayload)
	event.Type = "TYPE_7"
	return event
}

// BenchmarkOpen is the whole cost of routing one event: decoding it, converting
// what the conditions name, and asking all conditions of its type.
func BenchmarkOpen(b *testing.B) {
	for _, n := range []int{1, 1000, 10_000} {
		b.Run(fmt.Sprintf("routes=%d", n), func(b *testing.B) {
			routes := manyRoutes(n)
			if n == 1 {
				routes = strings.Replace(routes, "TYPE_0", "TYPE_7", 1)
			}
			plan := mustLoad(b, routes).Plan
			event := benchEvent()
			b.ReportAllocs()
			for b.Loop() {
				scope, err := plan.Open(event)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := plan.Match(event, scope); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkConditions is BenchmarkOpen for conditions of several forms.
func BenchmarkConditions(b *testing.B) {
	for name, condition := range map[string]string{
		"equal":    `event.payload.order.editionCode == "EDITION_%d"`,
		"unequal":  `!(event.payload.order.editionCode != "EDITION_%d")`,
		"both":     `event.payload.company.country == "US" && event.payload.order.editionCode == "EDITION_%d"`,
		"guarded":  `can(event.payload.order.editionCode) && event.payload.order.editionCode == "EDITION_%d"`,
		"tried":    `try(event.payload.configuration.tier, "") == "EDITION_%d"`,
		"one of":   `contains(["EDITION_%d", "LEGACY"], event.payload.order.editionCode)`,
		"computed": `length(event.payload.order.items) > 100 + %d`,
	} {
		for _, n := range []int{1000, 10_000} {
			b.Run(fmt.Sprintf("%s/routes=%d", name, n), func(b *testing.B) {
				plan, event := mustLoad(b, manyRoutesWhen(n, condition)).Plan, benchEvent()
				for b.Loop() {
					scope, err := plan.Open(event)
					if err != nil {
						b.Fatal(err)
					}
					if matched, err := plan.Match(event, scope); err != nil || len(matched) > 0 {
						b.Fatal(len(matched), err)
					}
				}
			})
		}
	}
}

// BenchmarkEvent is all that expressions cost an event of one delivery, from
// decoding it to its reply.
func BenchmarkEvent(b *testing.B) {
	plan := mustLoad(b, strings.Replace(manyRoutes(1), `"EDITION_0"`, `"PRO"`, 1)).Plan
	event := orderEvent(benchPayload)
	event.Type = "TYPE_0"
	b.ReportAllocs()
	for b.Loop() {
		scope, err := plan.Open(event)
		if err != nil {
			b.Fatal(err)
		}
		matched, err := plan.Match(event, scope)
		if err != nil || len(matched) != 1 {
			b.Fatal(len(matched), err)
		}
		if _, err := matched[0].Deliver[0].Input(scope); err != nil {
			b.Fatal(err)
		}
		if err := scope.Output("r0/customer", json.RawMessage(`{"customer_id":"cus_QbR81hz","balance":-1250}`)); err != nil {
			b.Fatal(err)
		}
		if _, err := matched[0].Reply(scope); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkWhen is one condition, the event being decoded.
func BenchmarkWhen(b *testing.B) {
	plan := mustLoad(b, orderRoute).Plan
	scope := open(b, plan, orderEvent(benchPayload))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := plan.Routes[0].When(scope); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkInput is one input of three values.
func BenchmarkInput(b *testing.B) {
	plan := mustLoad(b, orderRoute).Plan
	scope := open(b, plan, orderEvent(benchPayload))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := plan.Routes[0].Deliver[0].Input(scope); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLoad grows with the number of routes, and no faster: "ms/route" is
// the same for all. "live-B/route" is what a plan keeps in memory.
func BenchmarkLoad(b *testing.B) {
	for _, n := range []int{1000, 4000, 10_000} {
		b.Run(fmt.Sprintf("routes=%d", n), func(b *testing.B) {
			path := write(b, preamble+manyRoutes(n))
			before := liveBytes()
			var config *Config
			b.ReportAllocs()
			for b.Loop() {
				var diags *Diagnostics
				if config, diags = Load(context.Background(), path, testEnv()); config == nil {
					b.Fatal(render(b, diags))
				}
			}
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N*n), "ms/route")
			b.ReportMetric(float64(liveBytes()-before)/float64(n), "live-B/route")
			runtime.KeepAlive(config)
		})
	}
}

func liveBytes() int64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// BenchmarkDiagnostics shows what a slip repeated in every route says: an action
// that was renamed, say.
func BenchmarkDiagnostics(b *testing.B) {
	for _, n := range []int{1000, 4000} {
		b.Run(fmt.Sprintf("routes=%d", n), func(b *testing.B) {
			routes := strings.ReplaceAll(manyRoutes(n), "create_subscription", "create_subscripton")
			_, diags := Load(context.Background(), write(b, preamble+routes), testEnv())
			if diags.Len() < n {
				b.Fatal(diags.Len())
			}
			for b.Loop() {
				if err := diags.Write(io.Discard, false, 80); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
