package config

import (
	"errors"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// coalesce and coalescelist give the first of their arguments that is there, as
// it is. Those of cty convert it to the type that all arguments can have, with
// the same ends as a choice of HCL's (choice).

func coalesceFunction() function.Function {
	return firstOf("The first of the arguments that is not null, as it is.",
		func(v cty.Value) (bool, error) { return true, nil })
}

func coalesceListFunction() function.Function {
	return firstOf("The first of the lists that is neither null nor empty, as it is.", func(v cty.Value) (bool, error) {
		if t := v.Type(); !t.IsListType() && !t.IsTupleType() {
			return false, errors.New("every argument must be a list")
		}
		return v.LengthInt() > 0, nil
	})
}

// firstOf gives the first argument that is not null and for which takes, which is
// asked about known values only, is true.
func firstOf(doc string, takes func(cty.Value) (bool, error)) function.Function {
	// possible are the arguments that may be the one, up to the first that must be.
	possible := func(args []cty.Value) ([]cty.Value, error) {
		var out []cty.Value
		for _, arg := range args {
			switch {
			case arg.IsNull():
			case !arg.IsKnown():
				out = append(out, arg)
			default:
				taken, err := takes(arg)
				if err != nil {
					return nil, err
				}
				if taken {
					return append(out, arg), nil
				}
			}
		}
		if len(out) == 0 {
			return nil, errors.New("no argument is there")
		}
		return out, nil
	}
	return function.New(&function.Spec{
		Description:  doc,
		VarParam:     &function.Parameter{Name: "vals", Type: cty.DynamicPseudoType, AllowUnknown: true, AllowDynamicType: true, AllowNull: true},
		RefineResult: func(b *cty.RefinementBuilder) *cty.RefinementBuilder { return b.NotNull() },
		Type: func(args []cty.Value) (cty.Type, error) {
			some, err := possible(args)
			if err != nil {
				return cty.NilType, err
			}
			first := some[0].Type()
			for _, other := range some[1:] {
				if !other.Type().Equals(first) {
					return cty.DynamicPseudoType, nil
				}
			}
			return first, nil
		},
		Impl: func(args []cty.Value, t cty.Type) (cty.Value, error) {
			some, err := possible(args)
			if err != nil {
				return cty.NilVal, err
			}
			if !some[0].IsKnown() {
				return cty.UnknownVal(t), nil
			}
			return some[0], nil
		},
	})
}
