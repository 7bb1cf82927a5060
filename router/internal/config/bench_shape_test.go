package config

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// typedRoutes are routes of a source whose events have shapes, or of one whose
// events have none.
func typedRoutes(n int, source string) string {
	var b strings.Builder
	b.WriteString(marketSource)
	for i := range n {
		fmt.Fprintf(&b, "route \"r%d\" {\n  from = [source.%s]\n  on   = [\"ORDER\"]\n  when = event.payload.order.discount != null && event.payload.order.discount != \"D%d\" && event.payload.order.edition == \"E%d\"\n", i, source, i%20, i)
		b.WriteString("  deliver \"mail\" {\n    to   = plugin.email.send\n    with = { template = event.payload.order.edition, to = [\"a@b.example\"] }\n  }\n")
		b.WriteString("}\n")
	}
	return b.String()
}

// BenchmarkTyped is what shapes cost: the same routes with them and without.
func BenchmarkTyped(b *testing.B) {
	for name, source := range map[string]string{"typed": "market.m", "untyped": "appdirect.acme"} {
		routes := typedRoutes(1000, source)
		b.Run("load/"+name, func(b *testing.B) {
			path := write(b, preamble+routes)
			b.ReportAllocs()
			for b.Loop() {
				if config, diags := Load(context.Background(), path, testEnv()); config == nil {
					b.Fatal(render(b, diags))
				}
			}
		})
		for what, payload := range map[string]string{
			"present": `{"order":{"edition":"PRO","discount":"SPRING","items":[{"unit":"USER","quantity":3}]},"configuration":{}}`,
			"absent":  `{"order":{"edition":"PRO","items":[{"unit":"USER","quantity":3}]},"configuration":{}}`,
		} {
			if what == "absent" && name == "untyped" {
				continue // it fails
			}
			b.Run("match/"+name+"/"+what, func(b *testing.B) {
				plan := mustLoad(b, routes).Plan
				event := marketEvent("ORDER", payload)
				event.Source = source
				b.ReportAllocs()
				for b.Loop() {
					if _, err := plan.Match(event, open(b, plan, event)); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
