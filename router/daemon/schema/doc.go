// Package schema writes the configuration language as a JSON Schema, for editors
// of *.hcl.json files. It is not what a configuration is read by: it knows no
// more than daemon.Language tells it.
//
// Start with schema.go; values.go is what an attribute may be.
package schema
