package routes

import (
	"encoding/xml"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/nulab/autog"
	"github.com/nulab/autog/graph"
)

// Measures of the picture, in pixels. The letters are of one width, so that a
// node is as wide as its text.
const (
	letterWidth = 7.3
	lineHeight  = 17
	padding     = 10
	// columnGap is where the lines between nodes are.
	columnGap = 60
	rowGap    = 14
	routeGap  = 26
	margin    = 16
)

// maxDrawn is how many nodes of one route are laid out: the time that it takes
// grows with their cube, to about a second here.
const maxDrawn = 250

// SVG draws the graph: the sources on the left, beside them the routes in file
// order, one below the other, and from left to right what each waits for.
func (g *Graph) SVG() (string, error) {
	d := &drawing{at: map[string]box{}}
	sources := 0.0 // how wide they are
	for _, n := range g.nodes {
		if n.kind == sourceNode {
			sources = max(sources, sizeOf(n).W)
		}
	}
	for _, part := range g.parts() {
		if len(part) > maxDrawn {
			return "", fmt.Errorf("route %q has %d nodes, and more than %d are not drawn: take --dot or --mermaid", part[0].lines[0], len(part), maxDrawn)
		}
		d.route(part, g.edges, sources+columnGap)
	}
	d.sources(g)
	for _, n := range g.nodes {
		d.node(n)
	}
	return d.document(), nil
}

// parts are the nodes of each route, the route first.
func (g *Graph) parts() [][]node {
	var parts [][]node
	for _, n := range g.nodes {
		switch n.kind {
		case sourceNode:
		case routeNode:
			parts = append(parts, []node{n})
		default:
			last := &parts[len(parts)-1]
			*last = append(*last, n)
		}
	}
	return parts
}

type box struct{ x, y, w, h float64 }

// drawing collects the shapes, and where nodes are.
type drawing struct {
	body        strings.Builder
	at          map[string]box
	right, down float64
}

// route lays out one route below what is there. The layout knows only pictures
// that go down; so it is given, and gives, all with the axes exchanged.
func (d *drawing) route(part []node, all []edge, left float64) {
	top, sizes := d.down, map[string]graph.Size{}
	if top > 0 {
		top += routeGap
	}
	for _, n := range part {
		size := sizeOf(n)
		sizes[n.id] = graph.Size{W: size.H, H: size.W}
	}
	var pairs graph.EdgeSlice
	for _, e := range all {
		_, from := sizes[e.from]
		_, to := sizes[e.to]
		if from && to {
			pairs = append(pairs, []string{e.from, e.to})
		}
	}
	if len(pairs) == 0 { // nothing is delivered, and nothing replied
		size := sizeOf(part[0])
		d.place(part[0].id, box{left, top, size.W, size.H})
		return
	}
	layout := autog.Layout(pairs, autog.WithNodeSize(sizes), autog.WithLayering(autog.LayeringLongestPath),
		autog.WithLayerSpacing(columnGap), autog.WithNodeSpacing(rowGap))
	above := 0.0 // a line may reach above all nodes
	for _, n := range layout.Nodes {
		above = min(above, n.X)
	}
	for _, n := range layout.Nodes {
		d.place(n.ID, box{left + n.Y, top + n.X - above, n.H, n.W})
	}
	// The layout tells them in an order of its own.
	slices.SortFunc(layout.Edges, func(a, b graph.Edge) int { return strings.Compare(a.FromID+" "+a.ToID, b.FromID+" "+b.ToID) })
	for _, e := range layout.Edges {
		var points [][2]float64
		for _, p := range e.Points {
			points = append(points, [2]float64{left + p[1], top + p[0] - above})
		}
		d.line(points)
	}
}

// sources puts each source beside the first of its routes, below the one before
// it, and joins it with its routes.
func (d *drawing) sources(g *Graph) {
	free := 0.0
	for _, n := range g.nodes {
		if n.kind != sourceNode {
			continue
		}
		size := sizeOf(n)
		var routes []box
		for _, e := range g.edges {
			if e.from == n.id {
				routes = append(routes, d.at[e.to])
			}
		}
		y := max(free, routes[0].middle()-size.H/2)
		own := box{0, y, size.W, size.H}
		d.place(n.id, own)
		free = y + size.H + rowGap
		for _, route := range routes {
			d.line([][2]float64{{own.w, own.middle()}, {route.x, route.middle()}})
		}
	}
}

func (b box) middle() float64 { return b.y + b.h/2 }

func (d *drawing) place(id string, b box) {
	d.at[id] = b
	d.right, d.down = max(d.right, b.x+b.w), max(d.down, b.y+b.h)
}

func sizeOf(n node) graph.Size {
	longest := 0
	for _, line := range n.lines {
		longest = max(longest, len([]rune(line)))
	}
	return graph.Size{W: math.Ceil(float64(longest)*letterWidth) + 2*padding, H: float64(len(n.lines)*lineHeight + padding)}
}

func (d *drawing) line(points [][2]float64) {
	var text []string
	for _, p := range points {
		text = append(text, fmt.Sprintf("%.1f,%.1f", p[0], p[1]))
	}
	fmt.Fprintf(&d.body, "  <polyline class=\"edge\" marker-end=\"url(#head)\" points=\"%s\"/>\n", strings.Join(text, " "))
}

func (d *drawing) node(n node) {
	at := d.at[n.id]
	class := string(n.kind)
	if n.faint {
		class += " optional"
	}
	fmt.Fprintf(&d.body, "  <g class=\"%s\">\n    <rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"%d\"/>\n",
		class, at.x, at.y, at.w, at.h, map[kind]int{sourceNode: 12, deliveryNode: 4}[n.kind])
	for i, line := range n.lines {
		fmt.Fprintf(&d.body, "    <text x=\"%.1f\" y=\"%.1f\">%s</text>\n", at.x+padding, at.y+float64((i+1)*lineHeight), xmlText(line))
	}
	d.body.WriteString("  </g>\n")
}

func (d *drawing) document() string {
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="-%[1]d -%[1]d %.0[2]f %.0[3]f" width="%.0[2]f" height="%.0[3]f">
  <style>
    text { font: 12px monospace; fill: #222 }
    rect { fill: #fff; stroke: #555 }
    .source rect { fill: #e3ecfa }
    .route rect { fill: #fdf3d8 }
    .delivery rect { fill: #e4f4e4 }
    .reply rect { fill: #f3e6f5 }
    .optional rect { stroke-dasharray: 4 }
    .edge { fill: none; stroke: #777 }
  </style>
  <defs>
    <marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="#777"/></marker>
  </defs>
%[4]s</svg>
`, margin, d.right+2*margin, d.down+2*margin, d.body.String())
}

func xmlText(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(printable(text))) // a strings.Builder gives no error
	return b.String()
}

// printable puts a mark in the place of characters that could change how the
// text around them is shown.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}
