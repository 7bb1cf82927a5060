package main

import (
	"bytes"
	"fmt"
	"io"
	"regexp"

	"github.com/spf13/cobra"

	"github.com/signalbox/signalbox/router/daemon/routes"
)

func newTestCommand() *cobra.Command {
	t := &testRunner{output: "text", variables: variables{}}
	cmd := &cobra.Command{
		Use:   "test [CONFIG] [FILE|DIR…]",
		Short: "Run the tests of a configuration's routes",
		Long: `Test runs tests of a configuration's routes: each has an event go through them,
with deliveries that come to what the test says, and compares which routes took
it, what was delivered, and what the caller is told with what the test expects.

Tests are *.hcl and *.hcl.json files in and below the directory tests beside the
configuration's file, or in its directory; or the files and directories that are
named. A test is

  test "paid orders are billed" {
    event {
      type    = "SUBSCRIPTION_ORDER"
      payload = { order = { editionCode = "PRO" } }  # or file = "order.json", and set = { "payload.order.editionCode" = "PRO" }
    }
    given "customer" { output = { customer_id = "cus_1" } }  # or rejected = { code, message }, or exhausted = true
    expect {
      routes = ["order"]                             # all that take it
      deliver "order/customer" { with = { price = "PRO" } }  # or skipped = true, or absent = true
      reply {
        verdict           = "success"                # or warning, error with a code and a message, held
        accountIdentifier = "cus_1"
      }
    }
  }

What a test does not give succeeds; what it does not expect may be as it likes,
at every level of an object, and what is null must not be there. A delivery may be
named without its route where one route block has it: of the routes that its
for_each makes, the one is meant that takes the event.
A text that an action always gives stands for itself; another output that a route
reads must be given.

` + routesExitCodes + `

Exit codes: 0 all passed; 1 one failed; 2 the configuration or a test has an
error, or there is no test.`,
		Example: `  signalbox test config.hcl
  signalbox test /etc/signalbox/conf.d --run 'bill|order'
  signalbox test config.hcl tests/orders.hcl -o json`,
		RunE: func(cmd *cobra.Command, args []string) error { return t.run(cmd, args) },
	}
	t.variables.flag(cmd)
	cmd.Flags().VarP(&t.output, "output", "o", "the form of the output")
	cmd.Flags().StringVar(&t.only, "run", "", "run only the tests whose names match this regular expression")
	return cmd
}

// testRunner is one call of `signalbox test`.
type testRunner struct {
	output    form
	only      string
	variables variables
}

func (t *testRunner) run(cmd *cobra.Command, args []string) error {
	only, err := regexp.Compile(t.only)
	if err != nil {
		return fmt.Errorf("--run: %w", err)
	}
	path := configPath(args)
	if routes.HoldsTests(path) {
		return fmt.Errorf("%s is a file of tests: signalbox test CONFIG %s", path, path)
	}
	files, err := routes.TestFiles(path, args[min(1, len(args)):])
	if err != nil {
		return fmt.Errorf("looking for tests: %w", err)
	}
	r, err := openRoutes(cmd.Context(), cmd, path, t.variables)
	if err != nil {
		return err
	}
	suite, diags := r.ReadTests(files)
	showDiagnostics(cmd)(diags)
	switch {
	case suite == nil:
		return &exit{code: exitUsage}
	case suite.Len() == 0 && len(args) < 2:
		return fmt.Errorf("there are no tests in %s", routes.TestDir(path))
	case suite.Len() == 0:
		return fmt.Errorf("there are no tests in what is named")
	}
	results := suite.Run(only.MatchString)
	if len(results) == 0 {
		return fmt.Errorf("--run: none of the %s has such a name", counted(suite.Len(), "test"))
	}
	return t.show(cmd.OutOrStdout(), results)
}

// testReport is what -o json prints.
type testReport struct {
	Passed int                 `json:"passed"`
	Failed int                 `json:"failed"`
	Tests  []routes.TestResult `json:"tests"`
}

func (t *testRunner) show(w io.Writer, results []routes.TestResult) error {
	report := testReport{Tests: results}
	var page bytes.Buffer
	for i := range results {
		if results[i].Passed {
			report.Passed++
		} else {
			report.Failed++
		}
		writeTest(&page, &results[i])
	}
	if report.Failed == 0 {
		fmt.Fprintf(&page, "%s passed.\n", counted(report.Passed, "test"))
	} else {
		fmt.Fprintf(&page, "\n%d of %s failed.\n", report.Failed, counted(len(results), "test"))
	}
	var err error
	if t.output == "json" {
		err = writeJSON(w, report)
	} else {
		_, err = page.WriteTo(w)
	}
	if err == nil && report.Failed > 0 {
		err = &exit{code: exitNo}
	}
	return err
}

// writeTest is a test in one line, and each miss with the line that it is about.
func writeTest(w io.Writer, r *routes.TestResult) {
	if r.Passed {
		fmt.Fprintf(w, "ok    %s\n", clean(r.Name, ""))
		return
	}
	fmt.Fprintf(w, "FAIL  %s\n", clean(r.Name, ""))
	line := ""
	for _, miss := range r.Misses {
		if at := fmt.Sprintf("%s:%d: %s", miss.File, miss.Line, miss.Text); at != line {
			line = at
			fmt.Fprintf(w, "      %s\n", clean(at, ""))
		}
		fmt.Fprintf(w, "        %s\n", clean(miss.What, ""))
		for _, reason := range miss.Reasons {
			fmt.Fprintf(w, "          %s\n", clean(reasonText(reason), ""))
		}
	}
}

// counted is a number of things: "1 test", "2 tests".
func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
