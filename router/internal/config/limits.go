package config

import (
	"bytes"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// What a function gives can be far larger than what it was given, which may be
// an event's: the functions of which that is true are asked first.

const (
	// maxResult bytes are what a function may give: as much as an event may be.
	maxResult = 1 << 20
	// elementSize is what an element of a list takes, however small it is.
	elementSize = 100
	// maxBits bounds the size of a number: its text has a third as many digits.
	maxBits     = 4096
	maxDigitsOf = maxBits / 3
)

var errTooLarge = fmt.Errorf("what it gives would be larger than %d bytes", maxResult)

// bounded refuses arguments for which size, in bytes, is above maxResult. Only
// values that are known are asked about.
func bounded(f function.Function, size func(args []cty.Value) int) function.Function {
	params := slices.Clone(f.Params())
	for i := range params {
		params[i].AllowUnknown = true // f itself knows more of its result then
	}
	return function.New(&function.Spec{
		Description: f.Description(), Params: params, VarParam: f.VarParam(),
		Type: f.ReturnTypeForValues,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			for _, arg := range args {
				if !arg.IsWhollyKnown() {
					return f.Call(args)
				}
			}
			if size(args) > maxResult {
				return cty.NilVal, errTooLarge
			}
			return f.Call(args)
		},
	})
}

// times multiplies sizes; what overflows is too large.
func times(a, b int) int {
	if a > 0 && b > math.MaxInt32/a {
		return math.MaxInt32
	}
	return a * b
}

// sizeOf is how long a known value is when it is written.
func sizeOf(v cty.Value) int {
	switch t := v.Type(); {
	case v.IsNull() || !v.IsKnown():
		return 4
	case t == cty.String:
		return len(v.AsString())
	case t == cty.Number:
		return digits(v.AsBigFloat())
	case v.CanIterateElements():
		n := 2
		for it := v.ElementIterator(); it.Next(); {
			key, element := it.Element()
			n += sizeOf(element) + 4
			if key.Type() == cty.String {
				n += sizeOf(key)
			}
		}
		return n
	}
	return 5
}

// digits is how many digits a number is written with; one that is beyond reason
// is too large for anything.
func digits(f *big.Float) int {
	bits := f.MantExp(nil)
	if f.IsInf() || bits > maxBits || bits < -maxBits {
		return math.MaxInt32
	}
	return max(bits, -bits)/3 + 20
}

func argsSize(args []cty.Value) int {
	n := 0
	for _, arg := range args {
		n += min(sizeOf(arg), math.MaxInt32/4)
	}
	return n
}

// numberSize refuses a text that would be a number beyond reason.
func numberSize(args []cty.Value) int {
	text := args[0]
	if text.Type() != cty.String || text.IsNull() {
		return argsSize(args)
	}
	if len(text.AsString()) > maxDigitsOf || hugeText(text) {
		return math.MaxInt32
	}
	return 0
}

// hugeText reports a text that is a number beyond reason.
func hugeText(text cty.Value) bool {
	number, err := cty.ParseNumberVal(text.AsString())
	return err == nil && digits(number.AsBigFloat()) == math.MaxInt32
}

// jsonSize bounds the numbers in JSON, whose values are as many as its bytes at
// most.
func jsonSize(args []cty.Value) int {
	if args[0].IsNull() {
		return 0
	}
	text := []byte(args[0].AsString())
	if tooDeepJSON(text, "", hcl.InitialPos) != nil {
		return math.MaxInt32
	}
	return len(text) + elementSize/4*(bytes.Count(text, []byte{','})+bytes.Count(text, []byte{'['}))
}

var formatVerb = regexp.MustCompile(`%[^%a-zA-Z]*[a-zA-Z]`)
var formatWidth = regexp.MustCompile(`[0-9]+`)

// numericVerbs make a number of a text.
const numericVerbs = "bdoxXeEfgG"

// formatSize: each verb writes an argument, at least as wide as it says.
func formatSize(args []cty.Value) int {
	if args[0].IsNull() || args[0].Type() != cty.String {
		return 0
	}
	longest, rows := 0, 1
	text := args[0].AsString()
	verbs := formatVerb.FindAllString(text, -1)
	numeric := slices.ContainsFunc(verbs, func(verb string) bool { return strings.Contains(numericVerbs, verb[len(verb)-1:]) })
	for _, arg := range args[1:] {
		n := sizeOf(arg)
		if numeric && holdsHugeText(arg) {
			return math.MaxInt32
		}
		if t := arg.Type(); t.IsListType() || t.IsTupleType() || t.IsSetType() {
			if arg.IsKnown() && !arg.IsNull() {
				rows = max(rows, arg.LengthInt())
			}
		}
		longest = max(longest, n)
	}
	n := len(text)
	for _, verb := range verbs {
		n += longest
		for _, width := range formatWidth.FindAllString(verb, -1) {
			w, err := strconv.Atoi(width)
			if err != nil || w > maxResult {
				return math.MaxInt32
			}
			n += w
		}
		if n > maxResult {
			return n
		}
	}
	return times(n, rows)
}

// holdsHugeText reports such a text in a value.
func holdsHugeText(v cty.Value) bool {
	switch {
	case v.IsNull():
		return false
	case v.Type() == cty.String:
		return hugeText(v)
	case v.CanIterateElements():
		return slices.ContainsFunc(v.AsValueSlice(), holdsHugeText)
	}
	return false
}

func indentSize(args []cty.Value) int {
	spaces, _ := args[0].AsBigFloat().Int64()
	if spaces > maxResult || spaces < 0 {
		return math.MaxInt32
	}
	text := args[1].AsString()
	return len(text) + times(int(spaces), strings.Count(text, "\n"))
}

func joinSize(args []cty.Value) int {
	n := 0
	for _, list := range args[1:] {
		n += sizeOf(list)
		n += times(list.LengthInt(), len(args[0].AsString()))
	}
	return n
}

func replaceSize(args []cty.Value) int {
	text, old, with := args[0].AsString(), args[1].AsString(), args[2].AsString()
	return len(text) + times(strings.Count(text, old), len(with))
}

// regexReplaceSize: a replacement may refer to what was found, any number of
// times.
func regexReplaceSize(args []cty.Value) int {
	text, with := args[0].AsString(), args[2].AsString()
	re, err := regexp.Compile(args[1].AsString())
	if err != nil {
		return 0 // the function says so
	}
	found := re.FindAllStringIndex(text, maxResult/elementSize)
	n := len(text) + times(len(found), len(with))
	for _, at := range found {
		n += times(at[1]-at[0], strings.Count(with, "$"))
		if n > maxResult {
			break
		}
	}
	if len(found) == maxResult/elementSize {
		return math.MaxInt32
	}
	return n
}

func matchesSize(args []cty.Value) int {
	re, err := regexp.Compile(args[0].AsString())
	if err != nil {
		return 0 // the function says so
	}
	n := len(re.FindAllStringIndex(args[1].AsString(), maxResult/elementSize+1))
	return times(n, elementSize*(re.NumSubexp()+1))
}

func partsSize(args []cty.Value) int {
	return len(args[1].AsString()) + times(strings.Count(args[1].AsString(), args[0].AsString()), elementSize)
}

func productSize(args []cty.Value) int {
	n := elementSize
	for _, set := range args {
		if set.IsNull() || !set.CanIterateElements() {
			return 0 // the function says so
		}
		n = times(n, set.LengthInt())
	}
	return n
}
