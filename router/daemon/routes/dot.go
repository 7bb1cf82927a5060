package routes

import (
	"fmt"
	"strconv"
	"strings"
)

func nodeID(n int) string { return "n" + strconv.Itoa(n) }

// DOT writes the graph in the language of Graphviz.
func (g *Graph) DOT() string {
	var b strings.Builder
	b.WriteString("digraph routes {\n  rankdir = LR\n  node [fontname = \"sans-serif\"]\n")
	for _, n := range g.nodes {
		shape := map[kind]string{sourceNode: "cds", routeNode: "box", deliveryNode: "component", replyNode: "note"}[n.kind]
		style := ""
		if n.faint {
			style = ", style = dashed"
		}
		fmt.Fprintf(&b, "  %s [shape = %s%s, label = %s]\n", n.id, shape, style, dotText(strings.Join(n.lines, "\n")))
	}
	for _, e := range g.edges {
		fmt.Fprintf(&b, "  %s -> %s\n", e.from, e.to)
	}
	b.WriteString("}\n")
	return b.String()
}

// dotText quotes a label: in one, a backslash begins an escape.
func dotText(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(printable(text)) + `"`
}

// Mermaid writes the graph in the language of Mermaid, which Markdown viewers
// draw.
func (g *Graph) Mermaid() string {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	for _, n := range g.nodes {
		shape := map[kind][2]string{sourceNode: {"([", "])"}, routeNode: {"[", "]"}, deliveryNode: {"[[", "]]"}, replyNode: {">", "]"}}[n.kind]
		fmt.Fprintf(&b, "  %s%s%s%s\n", n.id, shape[0], mermaidText(strings.Join(n.lines, "\n")), shape[1])
	}
	for _, e := range g.edges {
		fmt.Fprintf(&b, "  %s --> %s\n", e.from, e.to)
	}
	for _, n := range g.nodes {
		if n.faint {
			fmt.Fprintf(&b, "  style %s stroke-dasharray: 4\n", n.id)
		}
	}
	return b.String()
}

// mermaidText quotes a label. What could mean something to Mermaid or to HTML is
// written by its number: a backtick begins Markdown, and a dollar mathematics.
func mermaidText(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range printable(text) {
		switch {
		case r == '\n':
			b.WriteString("<br/>")
		case strings.ContainsRune("\"#;&<>`\\$", r):
			fmt.Fprintf(&b, "#%d;", r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
