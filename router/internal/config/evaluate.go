package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// evaluate gives the first error with the words of the expression it is about.
func evaluate(expr hcl.Expression, ctx *hcl.EvalContext) (cty.Value, error) {
	v, diags := expr.Value(ctx)
	for _, diag := range diags {
		if diag.Severity == hcl.DiagError {
			return cty.NilVal, evaluationError(diag, expr)
		}
	}
	return v, nil
}

func evaluationError(diag *hcl.Diagnostic, expr hcl.Expression) error {
	rng := expr.Range()
	if diag.Subject != nil {
		rng = *diag.Subject
	}
	switch names := nullsIn(diag); len(names) {
	case 0:
	case 1:
		return fmt.Errorf("%s: %s: %s is null", at(rng), diag.Summary, names[0])
	default:
		return fmt.Errorf("%s: %s: %s are null", at(rng), diag.Summary, join(names))
	}
	what := diag.Summary
	if reference, ok := diag.Expression.(*hclsyntax.ScopeTraversalExpr); ok {
		what = strings.Join(steps(reference.Traversal), ".")
	}
	return fmt.Errorf("%s: %s: %s", at(rng), what, diag.Detail)
}

// nullsIn are the references that an error about a null is about: HCL says that
// there is one, and not where.
func nullsIn(diag *hcl.Diagnostic) []string {
	if diag.Expression == nil || diag.EvalContext == nil || !strings.Contains(diag.Detail, "null") {
		return nil
	}
	var out []string
	for _, traversal := range diag.Expression.Variables() {
		v, diags := traversal.TraverseAbs(diag.EvalContext)
		if name := writtenSteps(traversal); !diags.HasErrors() && v.IsNull() && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}
