package config

import (
	"errors"
	"fmt"
	"slices"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// The elements of a list have one type, and those of what is written in brackets,
// or comes in an event, each their own. Where the one becomes the other, cty
// compares every element's type with every other's: 100,000 in an event would
// take minutes. Here each type is compared once.

const (
	// maxTypes are far more than the elements of anything have that is meant as a
	// list.
	maxTypes = 100
	// maxElements bounds the lists and objects of an event that expressions name:
	// a type is as large as what it is of, and is made, compared and written more
	// often than the value.
	maxElements = 10_000
	// maxValues bounds the values of an event's payload or attributes, by the marks
	// that stand between them. A value takes some hundred bytes, however short its
	// text is; events have a few hundred values.
	maxValues = 50_000
)

// gathering has the functions that take lists, sets or maps make them.
func gathering(all map[string]function.Function) {
	for name, f := range all {
		params, variadic := slices.Clone(f.Params()), f.VarParam()
		gathers := false
		for i := range params {
			gathers = takeAnything(&params[i]) || gathers
		}
		if variadic != nil {
			own := *variadic
			variadic = &own
			gathers = takeAnything(variadic) || gathers
		}
		if gathers {
			all[name] = gathered(f, params, variadic)
		}
	}
}

// takeAnything lets a parameter that is a collection be anything.
func takeAnything(p *function.Parameter) bool {
	if !p.Type.IsCollectionType() {
		return false
	}
	p.Type = cty.DynamicPseudoType
	p.AllowUnknown, p.AllowDynamicType = true, true
	return true
}

func gathered(f function.Function, params []function.Parameter, variadic *function.Parameter) function.Function {
	gather := func(args []cty.Value) ([]cty.Value, error) {
		out := slices.Clone(args)
		for i, arg := range args {
			wanted := f.VarParam()
			if i < len(params) {
				wanted = &f.Params()[i]
			}
			if !wanted.Type.IsCollectionType() {
				continue
			}
			var err error
			if out[i], err = gatherTypes(arg, wanted.Type); err != nil {
				return nil, function.NewArgError(i, err)
			}
		}
		return out, nil
	}
	return function.New(&function.Spec{
		Description: f.Description(), Params: params, VarParam: variadic,
		Type: func(args []cty.Value) (cty.Type, error) {
			args, err := gather(args)
			if err != nil {
				return cty.NilType, err
			}
			return f.ReturnTypeForValues(args)
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			args, err := gather(args)
			if err != nil {
				return cty.NilVal, err
			}
			return f.Call(args)
		},
	})
}

// gatherTypes converts v to a collection as wanted is, of whatever type all its
// elements can have.
func gatherTypes(v cty.Value, wanted cty.Type) (cty.Value, error) {
	t := v.Type()
	var types []cty.Type
	switch {
	case t.IsTupleType() && !wanted.IsMapType():
		types = t.TupleElementTypes()
	case t.IsObjectType() && wanted.IsMapType():
		for _, name := range keys(t.AttributeTypes()) {
			types = append(types, t.AttributeType(name))
		}
	}
	if len(types) > 0 && wanted.ElementType() == cty.DynamicPseudoType {
		var distinct []cty.Type
		for _, t := range types {
			if !slices.ContainsFunc(distinct, t.Equals) {
				distinct = append(distinct, t)
			}
			if len(distinct) > maxTypes {
				return cty.NilVal, fmt.Errorf("its elements are of more than %d types", maxTypes)
			}
		}
		element := distinct[0]
		if len(distinct) > 1 {
			if element, _ = convert.UnifyUnsafe(distinct); element == cty.NilType {
				return cty.NilVal, errors.New("its elements are of types that are not alike")
			}
		}
		switch {
		case wanted.IsSetType():
			wanted = cty.Set(element)
		case wanted.IsMapType():
			wanted = cty.Map(element)
		default:
			wanted = cty.List(element)
		}
	}
	return convertTo(v, wanted)
}

// convertTo is convert.Convert in a time that grows with the value only.
func convertTo(v cty.Value, wanted cty.Type) (cty.Value, error) {
	return convert.Convert(madeList(v, wanted), wanted)
}

// madeList makes lists and sets of what is to become one, also below objects.
// What does not convert stays as it is: convert.Convert says why.
func madeList(v cty.Value, wanted cty.Type) cty.Value {
	t := v.Type()
	if v.IsMarked() || !v.IsKnown() || v.IsNull() {
		return v
	}
	switch {
	case t.IsTupleType() && (wanted.IsListType() || wanted.IsSetType()) && wanted.ElementType() != cty.DynamicPseudoType:
		elements := v.AsValueSlice()
		for i, element := range elements {
			converted, err := convertTo(element, wanted.ElementType())
			if err != nil {
				return v
			}
			elements[i] = converted
		}
		if len(elements) == 0 || !cty.CanListVal(elements) {
			return v
		}
		return cty.ListVal(elements)
	case t.IsObjectType() && wanted.IsObjectType():
		members := v.AsValueMap()
		for name, member := range members {
			if wanted.HasAttribute(name) {
				members[name] = madeList(member, wanted.AttributeType(name))
			}
		}
		return cty.ObjectVal(members)
	case t.IsObjectType() && wanted.IsMapType():
		members := v.AsValueMap()
		for name, member := range members {
			members[name] = madeList(member, wanted.ElementType())
		}
		return cty.ObjectVal(members)
	}
	return v
}

// toCollection is tolist, toset or tomap.
func toCollection(name string, wanted cty.Type) function.Function {
	return function.New(&function.Spec{
		Description: "Converts the given value to a " + name + ".",
		Params:      []function.Parameter{{Name: "v", Type: cty.DynamicPseudoType, AllowNull: true, AllowUnknown: true}},
		Type: func(args []cty.Value) (cty.Type, error) {
			v, err := gatherTypes(args[0], wanted)
			if err != nil {
				return cty.NilType, function.NewArgError(0, err)
			}
			return v.Type(), nil
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return gatherTypes(args[0], wanted) },
	})
}

// distinctFunction is that of cty, which compares every element with every other.
func distinctFunction() function.Function {
	return function.New(&function.Spec{
		Description: stdlib.DistinctFunc.Description(),
		Params:      stdlib.DistinctFunc.Params(),
		Type:        func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil },
		Impl: func(args []cty.Value, list cty.Type) (cty.Value, error) {
			if !args[0].IsWhollyKnown() {
				return cty.UnknownVal(list), nil
			}
			var out []cty.Value
			seen := map[int][]cty.Value{}
			for _, element := range args[0].AsValueSlice() {
				hash := element.Hash()
				if !slices.ContainsFunc(seen[hash], element.RawEquals) {
					seen[hash] = append(seen[hash], element)
					out = append(out, element)
				}
			}
			if len(out) == 0 {
				return cty.ListValEmpty(list.ElementType()), nil
			}
			return cty.ListVal(out), nil
		},
	})
}

// checkValues refuses a document of too many values; raw is JSON.
func checkValues(raw []byte) error {
	if len(raw) <= maxValues {
		return nil
	}
	n := 0
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			i = endOfText(raw, i)
		case ',', '[', '{':
			if n++; n > maxValues {
				return fmt.Errorf("it has more than %d values", maxValues)
			}
		}
	}
	return nil
}
