package main

import (
	"bytes"
	"io"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/signalbox/signalbox/router/daemon"
	"github.com/signalbox/signalbox/router/daemon/schema"
)

func newSchemaCommand() *cobra.Command {
	variables := variables{}
	output := form("text")
	var asJSON, asJSONSchema bool
	cmd := &cobra.Command{
		Use:   "schema [CONFIG]",
		Short: "Describe the configuration language",
		Long: `Schema describes the language that this binary reads: every block with its
labels, attributes and blocks, what each kind of source adds, the names that
expressions can refer to, and the functions. With a CONFIG it starts that
configuration's plugins, asks them what they can do, and describes them too;
nothing is configured or changed. What can be described is, even where the
CONFIG has errors.

With --json-schema it prints a JSON Schema (draft 2020-12) of *.hcl.json files,
for editors that complete and check them.

Exit codes: 0 it worked; 2 the CONFIG has errors, which are shown.`,
		Example: `  signalbox schema
  signalbox schema /etc/signalbox/config.hcl -o json | jq '.plugins[].actions[].name'
  signalbox schema --json-schema config.hcl > signalbox.schema.json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := ""
			if len(args) > 0 {
				path = args[0]
			}
			log := zerolog.New(zerolog.ConsoleWriter{Out: cmd.ErrOrStderr()}).Level(zerolog.WarnLevel)
			language, diags, err := daemon.DescribeLanguage(cmd.Context(), path, variables, log)
			if err != nil {
				return &exit{exitUsage, err}
			}
			if asJSON {
				output = "json"
			}
			if asJSONSchema {
				err = writeJSONSchema(cmd.OutOrStdout(), language)
			} else {
				err = writePage(cmd, output, language, writeLanguage)
			}
			if err == nil && diags != nil && diags.HasErrors() {
				showDiagnostics(cmd)(diags)
				return &exit{code: exitUsage}
			}
			return err
		},
	}
	variables.flag(cmd)
	cmd.Flags().VarP(&output, "output", "o", "the form of the output")
	cmd.Flags().BoolVar(&asJSON, "json", false, "the same as -o json")
	cmd.Flags().BoolVar(&asJSONSchema, "json-schema", false, "print a JSON Schema of *.hcl.json files instead")
	cmd.MarkFlagsMutuallyExclusive("output", "json-schema")
	cmd.MarkFlagsMutuallyExclusive("json", "json-schema")
	return cmd
}

func writeJSONSchema(w io.Writer, language *daemon.Language) error {
	text, err := schema.JSON(language)
	if err != nil {
		return err
	}
	_, err = bytes.NewBufferString(clean(string(text), "\n")).WriteTo(w)
	return err
}
