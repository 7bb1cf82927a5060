package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/signalbox/signalbox/router/daemon/routes"
)

// routesExitCodes is the part of each command's help that they share.
const routesExitCodes = `The configuration is loaded as validate does: plugins are started to ask what
they can do, and nothing else happens.`

func newRoutesCommand() *cobra.Command {
	cmd := newGroup("routes", "See the routes of a configuration, and where events would go", `Routes shows what the routes of a configuration are and do. Nothing is called and
nothing is written; a daemon is needed only for events of its journal.`)
	cmd.AddCommand(newRoutesListCommand(), newRoutesTestCommand(), newRoutesGraphCommand(), newRoutesBacktestCommand())
	return cmd
}

// openRoutes loads a configuration, and shows what is wrong with it.
func openRoutes(ctx context.Context, cmd *cobra.Command, path string, set variables) (*routes.Routes, error) {
	log := zerolog.New(zerolog.ConsoleWriter{Out: cmd.ErrOrStderr()}).Level(zerolog.WarnLevel)
	r, diags, err := routes.Open(ctx, path, set, log)
	if diags != nil && diags.HasErrors() {
		showDiagnostics(cmd)(diags)
		return nil, &exit{code: exitUsage}
	}
	if err != nil {
		return nil, &exit{exitUsage, err}
	}
	return r, nil
}

func newRoutesListCommand() *cobra.Command {
	output, set := form("text"), variables{}
	cmd := &cobra.Command{
		Use:   "list [CONFIG]",
		Short: "List the routes in the order in which they are asked",
		Long: `List shows each route: where it stands, which events it takes, what it delivers,
in the order in which deliveries can start, and what it replies.

` + routesExitCodes + `

Exit codes: 0 it worked; 2 the configuration has an error.`,
		Example: `  signalbox routes list config.hcl
  signalbox routes list -o json | jq -r '.[] | select(.final) | .name'`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := openRoutes(cmd.Context(), cmd, configPath(args), set)
			if err != nil {
				return err
			}
			if output == "json" {
				return writeJSON(cmd.OutOrStdout(), r.List())
			}
			writeRoutes(cmd.OutOrStdout(), r.List())
			return nil
		},
	}
	cmd.Flags().VarP(&output, "output", "o", "the form of the output")
	set.flag(cmd)
	return cmd
}

func writeRoutes(w io.Writer, list []routes.Route) {
	for i, route := range list {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s (%s)\n", clean(route.Name, ""), clean(route.At, ""))
		t := table(w)
		row(t, "  from", strings.Join(route.From, ", "))
		if len(route.On) > 0 {
			row(t, "  on", strings.Join(route.On, ", "))
		} else {
			row(t, "  on", "every type")
		}
		pair(t, "  when", route.When)
		pair(t, "  throttle", route.Throttle)
		if route.Final {
			row(t, "  final", "no later route is asked")
		}
		for _, d := range route.Deliveries {
			row(t, "  deliver", deliveryCell(d))
		}
		for _, v := range route.Reply {
			row(t, "  reply", v.Name+" = "+v.Expression)
		}
		t.Flush()
	}
}

// deliveryCell is a delivery in one line: "welcome → email.send (optional)".
func deliveryCell(d routes.Delivery) string {
	return d.Name + " → " + d.To + inParentheses(deliveryNotes(d))
}

// deliveryNotes are what is special about a delivery.
func deliveryNotes(d routes.Delivery) []string {
	var notes []string
	if d.OnFailure {
		notes = append(notes, "on failure")
	}
	if d.Optional {
		notes = append(notes, "optional")
	}
	if d.Unordered {
		notes = append(notes, "unordered")
	}
	if len(d.Needs) > 0 {
		notes = append(notes, "after "+strings.Join(d.Needs, ", "))
	}
	if d.When != "" {
		notes = append(notes, "when "+d.When)
	}
	return notes
}

func inParentheses(notes []string) string {
	if len(notes) == 0 {
		return ""
	}
	return " (" + strings.Join(notes, "; ") + ")"
}

func newRoutesGraphCommand() *cobra.Command {
	var dot, mermaid, svg bool
	set := variables{}
	cmd := &cobra.Command{
		Use:   "graph [CONFIG]",
		Short: "Draw the routes: sources, routes, deliveries, replies",
		Long: `Graph draws which sources' events go to which routes, what each route delivers,
which delivery waits for which, and where the reply comes from. Optional
deliveries are dashed.

` + routesExitCodes + `

Exit codes: 0 it worked; 2 the configuration has an error, or is too large to draw.`,
		Example: `  signalbox routes graph --svg config.hcl >routes.svg
  signalbox routes graph --dot config.hcl | dot -Tpng >routes.png`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := openRoutes(cmd.Context(), cmd, configPath(args), set)
			if err != nil {
				return err
			}
			text := ""
			switch {
			case svg:
				if text, err = r.Graph().SVG(); err != nil {
					return &exit{exitUsage, err}
				}
			case mermaid:
				text = r.Graph().Mermaid()
			default:
				text = r.Graph().DOT()
			}
			_, err = io.WriteString(cmd.OutOrStdout(), text)
			return err
		},
	}
	set.flag(cmd)
	cmd.Flags().BoolVar(&dot, "dot", false, "for Graphviz (the default)")
	cmd.Flags().BoolVar(&mermaid, "mermaid", false, "for Mermaid, which Markdown viewers draw")
	cmd.Flags().BoolVar(&svg, "svg", false, "a picture; nothing else is needed")
	cmd.MarkFlagsMutuallyExclusive("dot", "mermaid", "svg")
	return cmd
}
