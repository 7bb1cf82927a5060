package routes

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

// chain is a graph of routes that share a source, each with some deliveries of
// which every other one needs the one before it.
func chain(routes, deliveries int) *Graph {
	g := &graphBuilder{sources: map[string]string{}}
	for i := range routes {
		route := Route{Name: fmt.Sprintf("route %d", i), From: []string{"appdirect.acme", fmt.Sprintf("webhook.w%d", i%7)}}
		for d := range deliveries {
			delivery := Delivery{Name: fmt.Sprintf("d%d", d), To: "plugin.action"}
			if d%2 == 1 {
				delivery.Needs = []string{fmt.Sprintf("d%d", d-1)}
			}
			route.Deliveries = append(route.Deliveries, delivery)
		}
		if deliveries > 0 {
			route.Reply = []Value{{Name: "id", After: []string{"d0"}}}
		}
		g.route(route)
	}
	return &g.Graph
}

func wellFormed(t *testing.T, text string) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(text))
	for {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%v in:\n%s", err, text)
		}
	}
}

func TestSVGDrawsEveryNode(t *testing.T) {
	for name, tc := range map[string]struct{ routes, deliveries int }{
		"nothing":            {0, 0},
		"one route":          {1, 0},
		"a few":              {4, 3},
		"very many":          {300, 4},
		"a route of a dozen": {2, 12},
	} {
		t.Run(name, func(t *testing.T) {
			g := chain(tc.routes, tc.deliveries)
			text, err := g.SVG()
			if err != nil {
				t.Fatal(err)
			}
			wellFormed(t, text)
			if got := strings.Count(text, "<rect "); got != len(g.nodes) {
				t.Errorf("%d boxes for %d nodes", got, len(g.nodes))
			}
			if got := strings.Count(text, "<polyline "); got != len(g.edges) {
				t.Errorf("%d lines for %d edges", got, len(g.edges))
			}
		})
	}
}

// The layout is another's: no shape of a route may be too much for it.
func TestSVGDrawsRoutesOfAnyShape(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		route := Route{Name: "r", From: []string{"appdirect.acme"}}
		count := 1 + random.IntN(9)
		for d := range count {
			delivery := Delivery{Name: fmt.Sprintf("d%d", d), To: "plugin.action"}
			for before := range d {
				if random.IntN(3) == 0 {
					delivery.Needs = append(delivery.Needs, fmt.Sprintf("d%d", before))
				}
			}
			route.Deliveries = append(route.Deliveries, delivery)
		}
		for d := range count {
			if random.IntN(3) == 0 {
				route.Reply = append(route.Reply, Value{Name: "x", After: []string{fmt.Sprintf("d%d", d)}})
			}
		}
		g := &graphBuilder{sources: map[string]string{}}
		g.route(route)
		text, err := g.SVG()
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(text, "<rect "); got != len(g.nodes) {
			t.Fatalf("%d boxes for %d nodes of %+v", got, len(g.nodes), route)
		}
		if strings.Contains(text, "NaN") || strings.Contains(text, "Inf") || strings.Contains(text, "%!") {
			t.Fatalf("a place that is none: %+v", route)
		}
	}
}

func TestSVGRefusesWhatNobodyCanRead(t *testing.T) {
	if _, err := chain(1, maxDrawn).SVG(); err == nil || !strings.Contains(err.Error(), "--dot") {
		t.Errorf("got %v", err)
	}
}

// What a name holds must not become part of the picture's own language.
func TestLabelsAreEscaped(t *testing.T) {
	const name = "a \"b\" \\ <c> & `d` ; #e $f$\u202e|g|]"
	g := &graphBuilder{sources: map[string]string{}}
	g.route(Route{Name: name, From: []string{"appdirect.acme"}, On: []string{"X"}})
	svg, err := g.SVG()
	if err != nil {
		t.Fatal(err)
	}
	wellFormed(t, svg)
	for form, tc := range map[string]struct{ got, want string }{
		"dot":     {g.DOT(), "  n1 [shape = box, label = \"a \\\"b\\\" \\\\ <c> & `d` ; #e $f$\ufffd|g|]\\non X\"]\n"},
		"mermaid": {g.Mermaid(), `  n1["a #34;b#34; #92; #60;c#62; #38; #96;d#96; #59; #35;e #36;f#36;` + "\ufffd" + `|g|]<br/>on X"]` + "\n"},
		"svg":     {svg, ">a &#34;b&#34; \\ &lt;c&gt; &amp; `d` ; #e $f$\ufffd|g|]</text>"},
	} {
		if !strings.Contains(tc.got, tc.want) {
			t.Errorf("%s: got\n%swant\n%s", form, tc.got, tc.want)
		}
	}
}
