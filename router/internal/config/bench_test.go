package config

import (
	"context"
	"encoding/json"
	"fmt"
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
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "route \"r%d\" {\n  from = [source.appdirect.acme]\n  on   = [\"TYPE_%d\"]\n  when = event.payload.order.editionCode == \"EDITION_%d\"\n", i, i%20, i)
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
	for _, n := range []int{1, 1000} {
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

func BenchmarkLoad(b *testing.B) {
	path := write(b, preamble+manyRoutes(1000))
	b.ReportAllocs()
	for b.Loop() {
		if config, diags := Load(context.Background(), path, testEnv()); config == nil {
			b.Fatal(render(b, diags))
		}
	}
}
