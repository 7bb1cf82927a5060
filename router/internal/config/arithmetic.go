package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// A text that looks like a number is one where something is computed with it:
// "1e600000000" in an event, times two, and written into a mail, is half a
// gigabyte of digits and hours of work. So arithmetic refuses what is beyond
// reason.

// boundedOperations are those of the arithmetic operators. They never change.
var boundedOperations = func() map[*hclsyntax.Operation]*hclsyntax.Operation {
	out := map[*hclsyntax.Operation]*hclsyntax.Operation{}
	for _, op := range []*hclsyntax.Operation{
		hclsyntax.OpAdd, hclsyntax.OpSubtract, hclsyntax.OpMultiply, hclsyntax.OpDivide, hclsyntax.OpModulo, hclsyntax.OpNegate,
	} {
		out[op] = &hclsyntax.Operation{Impl: bounded(op.Impl, argsSize), Type: cty.Number}
	}
	return out
}()

// boundArithmetic has the operators in a tree that was just parsed refuse such
// numbers.
func boundArithmetic(node hclsyntax.Node) {
	_ = hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics {
		switch n := n.(type) {
		case *hclsyntax.BinaryOpExpr:
			if op := boundedOperations[n.Op]; op != nil {
				n.Op = op
			}
		case *hclsyntax.UnaryOpExpr:
			if op := boundedOperations[n.Op]; op != nil {
				n.Op = op
			}
		}
		return nil
	})
}
