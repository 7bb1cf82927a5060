package main

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/signalbox/signalbox/router/daemon/bench"
)

func newBenchCommand() *cobra.Command {
	var opt bench.Options
	out := form("text")
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure how fast events go on this machine",
		Long: `Bench has a marketplace of its own send signed orders to a daemon of its own:
over HTTP, through signature, fetch, journal, route and a plugin in a process of
its own, to the answer. Beside that it measures, in the same run, a handler that
only verifies the signature, one that fetches the event too, the journal alone,
and the plugin's stream alone. The efficiency is what handler, journal and stream
cost in CPU time, by what the journey costs; a second figure counts the fetch.

The load shares the machine: its CPU time is shown, and is not in the daemon's.
Each of the five measurements takes --for, at every concurrency. The journal is
on the disk of --dir: where that is memory, a flush costs nothing, and the
figures mean little. CPU times and memory are read from Linux's /proc.

Exit codes: 0 measured; 1 something failed, an event's answer say; 2 wrong
arguments.`,
		Example: `  signalbox bench
  signalbox bench --for 30s --concurrency 64 --dir /var/lib/signalbox
  signalbox bench --routes 1000 -o json | jq '.levels[].journey.events_per_s'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := opt.Check(); err != nil {
				return err
			}
			opt.Progress = func(what string) { fmt.Fprintln(cmd.ErrOrStderr(), what) }
			report, err := bench.Run(cmd.Context(), opt)
			if err != nil {
				return &exit{exitNo, err}
			}
			if out == "json" {
				return writeJSON(cmd.OutOrStdout(), report)
			}
			var page bytes.Buffer
			writeReport(&page, report)
			_, err = page.WriteTo(cmd.OutOrStdout())
			return err
		},
	}
	f := cmd.Flags()
	f.DurationVar(&opt.For, "for", 5*time.Second, "how long each measurement takes")
	f.IntSliceVar(&opt.Concurrency, "concurrency", []int{1, 64, 256}, "how many events are on their way at one time")
	f.IntVar(&opt.Routes, "routes", 1, "how many routes the configuration has; one of them takes the events")
	f.StringVar(&opt.Dir, "dir", "", "where to put the journal, for the time of the run (default: the system's temporary files)")
	f.StringVar(&opt.Profiles, "profiles", "", "a directory that gets a CPU profile of the daemon for each concurrency")
	f.VarP(&out, "output", "o", "the form of the output")
	cmd.AddCommand(newBenchDaemonCommand(), newBenchHandlerCommand())
	return cmd
}

// newBenchDaemonCommand and newBenchHandlerCommand are the processes that bench
// measures: this binary again.
func newBenchDaemonCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "daemon CONFIG [PROFILE]",
		Short:  "Be the daemon that is measured; bench calls this",
		Hidden: true,
		Args:   cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			profile := ""
			if len(args) == 2 {
				profile = args[1]
			}
			return bench.ServeDaemon(cmd.Context(), args[0], profile, cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
}

func newBenchHandlerCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "handler [MARKETPLACE]",
		Short:  "Be the handler that is measured; bench calls this",
		Hidden: true,
		Args:   cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return bench.ServeHandler(strings.Join(args, ""), cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
}

func writeReport(w io.Writer, r *bench.Report) {
	fmt.Fprintf(w, "%d CPUs, %d routes; a bare flush to this disk takes %s\n", r.CPUs, r.Routes, span(r.Flush))
	for _, l := range r.Levels {
		fmt.Fprintln(w)
		t := table(w)
		row(t, fmt.Sprintf("%d AT ONCE", l.Concurrency), "EVENTS/S", "P50", "P99", "CPU/EVENT")
		for _, line := range []struct {
			name string
			bench.Figures
		}{{"journey", l.Journey.Figures}, {"handler alone", l.Handler}, {"and fetch", l.Fetch}, {"journal alone", l.Journal}, {"stream alone", l.Stream}} {
			row(t, line.name, strconv.FormatFloat(line.PerSecond, 'f', 0, 64), span(line.P50), span(line.P99), span(line.CPU))
		}
		t.Flush()
		j := l.Journey
		fmt.Fprintf(w, "CPU/event  daemon %s, plugin %s; beside them, the load %s\n", span(j.Daemon.CPU), span(j.Plugin.CPU), span(j.Load))
		fmt.Fprintf(w, "peak       daemon %d MiB, plugin %d MiB\n", j.Daemon.Peak>>20, j.Plugin.Peak>>20)
		if j.Late > 0 {
			fmt.Fprintf(w, "late       %d of %d events were told to wait\n", j.Late, j.Events)
		}
		fmt.Fprintf(w, "efficiency %.2f; %.2f with the fetch\n", l.Efficiency, l.WithFetch)
	}
}

func span(m bench.Micros) string { return took(float64(m) / 1000) }
