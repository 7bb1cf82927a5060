package routes

import (
	"slices"
	"strings"
)

// Graph is the routes as a picture: sources, the routes that take their events,
// the deliveries of each, and the reply.
type Graph struct {
	nodes []node
	edges []edge
}

type kind string

const (
	sourceNode   kind = "source"
	routeNode    kind = "route"
	deliveryNode kind = "delivery"
	replyNode    kind = "reply"
)

type node struct {
	id   string // "n1", in the order in which nodes were added
	kind kind
	// lines are what is written in it; the first is its name.
	lines []string
	// faint nodes are of optional deliveries.
	faint bool
}

// edge goes from what comes first: to a delivery from those that it needs, to a
// reply from those whose output is in it.
type edge struct{ from, to string }

// Graph makes the picture.
func (r *Routes) Graph() *Graph {
	g := &graphBuilder{sources: map[string]string{}}
	for _, route := range r.List() {
		g.route(route)
	}
	return &g.Graph
}

type graphBuilder struct {
	Graph
	sources map[string]string // node ids by name
}

func (g *graphBuilder) route(route Route) {
	types := "every type"
	if len(route.On) > 0 {
		types = strings.Join(route.On, ", ")
	}
	lines := []string{route.Name, "on " + short(types)}
	if route.When != "" {
		lines = append(lines, "when "+short(route.When))
	}
	if route.Final {
		lines = append(lines, "final")
	}
	at := g.add(node{kind: routeNode, lines: lines})
	for _, from := range route.From {
		if g.sources[from] == "" {
			g.sources[from] = g.add(node{kind: sourceNode, lines: []string{from}})
		}
		g.link(g.sources[from], at)
	}
	deliveries := map[string]string{}
	for _, d := range route.Deliveries {
		deliveries[d.Name] = g.add(node{kind: deliveryNode, lines: []string{d.Name, d.To}, faint: d.Optional})
		if len(d.Needs) == 0 {
			g.link(at, deliveries[d.Name])
		}
		for _, name := range d.Needs {
			g.link(deliveries[name], deliveries[d.Name])
		}
	}
	g.reply(route, at, deliveries)
}

// reply is one node, behind the deliveries that its values come from.
func (g *graphBuilder) reply(route Route, at string, deliveries map[string]string) {
	if len(route.Reply) == 0 {
		return
	}
	lines := []string{"reply"}
	var after []string
	for _, v := range route.Reply {
		lines = append(lines, v.Name)
		after = append(after, v.After...)
	}
	reply := g.add(node{kind: replyNode, lines: lines})
	slices.Sort(after)
	for _, name := range slices.Compact(after) {
		g.link(deliveries[name], reply)
	}
	if len(after) == 0 {
		g.link(at, reply)
	}
}

func (g *graphBuilder) add(n node) string {
	n.id = nodeID(len(g.nodes) + 1)
	g.nodes = append(g.nodes, n)
	return n.id
}

func (g *graphBuilder) link(from, to string) { g.edges = append(g.edges, edge{from, to}) }

// maxLine is what a node or an edge shows of a text; the whole text stands in
// the configuration.
const maxLine = 48

func short(text string) string {
	runes := []rune(text)
	if len(runes) <= maxLine {
		return text
	}
	return string(runes[:maxLine-1]) + "…"
}
