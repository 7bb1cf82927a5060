package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/signalbox/signalbox/router/daemon/routes"
)

func TestRouteCountsOfManyRoutes(t *testing.T) {
	for name, tc := range map[string]struct {
		routes, lines int
		rest          string
	}{
		"few":  {fewRoutes, fewRoutes, ""},
		"many": {fewRoutes + 1, 1, fmt.Sprintf("%d other routes: the same events as now.", fewRoutes)},
	} {
		t.Run(name, func(t *testing.T) {
			all := []routes.RouteCount{{Name: "swapped", Now: 1, New: 1, Gained: 1, Lost: 1}}
			for len(all) < tc.routes {
				all = append(all, routes.RouteCount{Name: fmt.Sprint("r", len(all)), Now: 1, New: 1})
			}
			var out bytes.Buffer
			writeRouteCounts(&out, all)
			text := out.String()
			if n := strings.Count(text, "  1    1  "); n != tc.lines {
				t.Errorf("%d routes are shown:\n%s", n, text)
			}
			if !strings.Contains(text, "\nswapped  1    1    1       1     -\n") || strings.Contains(text, "other route") != (tc.rest != "") || !strings.Contains(text, tc.rest) {
				t.Errorf("got:\n%s", text)
			}
		})
	}
}
