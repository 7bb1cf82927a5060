package config

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"maps"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// functions are those that every expression may call. They are pure: an
// expression gives the same result for the same event, today and in a replay.
// So none is random, and now() is only where an event is (clock). They are those
// that users of Terraform reach for, under the same names. No arguments make
// one of them take more memory than an event may (limits.go).
func functions() map[string]function.Function { return functionsWith(&templates{}) }

// functionsWith are the functions of a configuration that has these templates.
func functionsWith(t *templates) map[string]function.Function {
	all := map[string]function.Function{
		"can": tryfunc.CanFunc,
		"try": tryfunc.TryFunc,

		"alltrue":         allAre("Whether all elements of the list are true.", true),
		"anytrue":         allAre("Whether any element of the list is true.", false),
		"chunklist":       stdlib.ChunklistFunc,
		"coalesce":        coalesceFunction(),
		"coalescelist":    coalesceListFunction(),
		"compact":         stdlib.CompactFunc,
		"concat":          stdlib.ConcatFunc,
		"contains":        stdlib.ContainsFunc,
		"distinct":        distinctFunction(),
		"element":         stdlib.ElementFunc,
		"flatten":         stdlib.FlattenFunc,
		"index":           stdlib.IndexFunc,
		"keys":            stdlib.KeysFunc,
		"length":          stdlib.LengthFunc,
		"lookup":          stdlib.LookupFunc,
		"merge":           stdlib.MergeFunc,
		"range":           bounded(stdlib.RangeFunc, argsSize),
		"reverse":         stdlib.ReverseListFunc,
		"setintersection": stdlib.SetIntersectionFunc,
		"setproduct":      bounded(stdlib.SetProductFunc, productSize),
		"setsubtract":     stdlib.SetSubtractFunc,
		"setunion":        stdlib.SetUnionFunc,
		"slice":           stdlib.SliceFunc,
		"sort":            stdlib.SortFunc,
		"sum":             bounded(sumFunction(), argsSize),
		"values":          stdlib.ValuesFunc,
		"zipmap":          stdlib.ZipmapFunc,

		"base64decode": textFunction("The text that was encoded in Base64.", fromBase64),
		"base64encode": textFunction("The text encoded in Base64.", toBase64),
		"chomp":        stdlib.ChompFunc,
		"endswith":     textTest(strings.HasSuffix),
		"format":       bounded(stdlib.FormatFunc, formatSize),
		"formatdate":   stdlib.FormatDateFunc,
		"formatlist":   bounded(stdlib.FormatListFunc, formatSize),
		"indent":       bounded(stdlib.IndentFunc, indentSize),
		"join":         bounded(stdlib.JoinFunc, joinSize),
		"lower":        stdlib.LowerFunc,
		"regex":        stdlib.RegexFunc,
		"regexall":     bounded(stdlib.RegexAllFunc, matchesSize),
		"regexreplace": bounded(stdlib.RegexReplaceFunc, regexReplaceSize),
		"replace":      bounded(stdlib.ReplaceFunc, replaceSize),
		"sha256":       textFunction("The SHA-256 of the text, in hexadecimal.", toSHA256),
		"split":        bounded(stdlib.SplitFunc, partsSize),
		"startswith":   textTest(strings.HasPrefix),
		"strlen":       stdlib.StrlenFunc,
		"strrev":       stdlib.ReverseFunc,
		"substr":       stdlib.SubstrFunc,
		"template":     t.function("text", "The text with what it interpolates; vars are the names that it can refer to. The text must be known at load."),
		"templatefile": t.function("path", "The text of a file with what it interpolates; vars are the names that it can refer to. The path must be known at load."),
		"timeadd":      stdlib.TimeAddFunc,
		"timecmp":      timeCompare(),
		"title":        stdlib.TitleFunc,
		"trim":         stdlib.TrimFunc,
		"trimprefix":   stdlib.TrimPrefixFunc,
		"trimspace":    stdlib.TrimSpaceFunc,
		"trimsuffix":   stdlib.TrimSuffixFunc,
		"upper":        stdlib.UpperFunc,
		"urlencode": textFunction("The text as it can stand in the query of a URL.", func(text string) (string, error) {
			return url.QueryEscape(text), nil
		}),

		"abs":      bounded(stdlib.AbsoluteFunc, argsSize),
		"ceil":     bounded(stdlib.CeilFunc, argsSize),
		"floor":    bounded(stdlib.FloorFunc, argsSize),
		"max":      bounded(stdlib.MaxFunc, argsSize),
		"min":      bounded(stdlib.MinFunc, argsSize),
		"parseint": bounded(stdlib.ParseIntFunc, numberSize),
		"pow":      bounded(stdlib.PowFunc, argsSize),
		"signum":   bounded(stdlib.SignumFunc, argsSize),

		"jsondecode": bounded(stdlib.JSONDecodeFunc, jsonSize),
		"jsonencode": bounded(stdlib.JSONEncodeFunc, argsSize),
		"tobool":     stdlib.MakeToFunc(cty.Bool),
		"tolist":     toCollection("list", cty.List(cty.DynamicPseudoType)),
		"tomap":      toCollection("map", cty.Map(cty.DynamicPseudoType)),
		"tonumber":   bounded(stdlib.MakeToFunc(cty.Number), numberSize),
		"toset":      toCollection("set", cty.Set(cty.DynamicPseudoType)),
		"tostring":   bounded(stdlib.MakeToFunc(cty.String), argsSize),
	}
	gathering(all)
	t.functions = maps.Clone(all)
	delete(t.functions, "template")
	delete(t.functions, "templatefile")
	return all
}

// clock is now(), the time at which an event was received. Only the expressions
// of routes have it: nothing else has a time that would be the same later.
func clock(received cty.Value) map[string]function.Function {
	return map[string]function.Function{"now": function.New(&function.Spec{
		Description: "The time at which the event was received, RFC 3339, however late the expression is evaluated. In routes only.",
		Type:        function.StaticReturnType(cty.String),
		Impl:        func([]cty.Value, cty.Type) (cty.Value, error) { return received, nil },
	})}
}

// unknownClock is clock while there is no event.
func unknownClock() map[string]function.Function {
	return clock(cty.UnknownVal(cty.String).RefineNotNull())
}

func textTest(test func(text, part string) bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "text", Type: cty.String}, {Name: "part", Type: cty.String}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return cty.BoolVal(test(args[0].AsString(), args[1].AsString())), nil
		},
	})
}

func textFunction(doc string, convert func(string) (string, error)) function.Function {
	return function.New(&function.Spec{
		Description: doc,
		Params:      []function.Parameter{{Name: "text", Type: cty.String}},
		Type:        function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			text, err := convert(args[0].AsString())
			return cty.StringVal(text), err
		},
	})
}

func toBase64(text string) (string, error) {
	return base64.StdEncoding.EncodeToString([]byte(text)), nil
}

func fromBase64(text string) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err == nil && !utf8.Valid(raw) {
		err = errors.New("it holds no text in UTF-8")
	}
	return string(raw), err
}

func toSHA256(text string) (string, error) {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:]), nil
}

// allAre compares all elements with a value: all of them are true, or not all
// of them are false.
func allAre(doc string, all bool) function.Function {
	return function.New(&function.Spec{
		Description: doc,
		Params:      []function.Parameter{{Name: "list", Type: cty.List(cty.Bool)}},
		Type:        function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			known := true
			for _, element := range args[0].AsValueSlice() {
				switch {
				case element.IsNull():
					if all {
						return cty.False, nil
					}
				case !element.IsKnown():
					known = false
				case element.True() != all:
					return cty.BoolVal(!all), nil
				}
			}
			if !known {
				return cty.UnknownVal(cty.Bool), nil
			}
			return cty.BoolVal(all), nil
		},
	})
}

func sumFunction() function.Function {
	return function.New(&function.Spec{
		Description: "The sum of the list's numbers.",
		Params:      []function.Parameter{{Name: "list", Type: cty.List(cty.Number)}},
		Type:        function.StaticReturnType(cty.Number),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			sum := cty.Zero
			for _, element := range args[0].AsValueSlice() {
				if element.IsNull() {
					return cty.NilVal, function.NewArgErrorf(0, "an element is null")
				}
				sum = sum.Add(element)
			}
			return sum, nil
		},
	})
}

func timeCompare() function.Function {
	return function.New(&function.Spec{
		Description: "-1, 0 or 1: whether the first time, RFC 3339, is before the second, the same, or after it.",
		Params:      []function.Parameter{{Name: "a", Type: cty.String}, {Name: "b", Type: cty.String}},
		Type:        function.StaticReturnType(cty.Number),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			var times [2]time.Time
			for i, arg := range args {
				var err error
				if times[i], err = time.Parse(time.RFC3339Nano, arg.AsString()); err != nil {
					return cty.NilVal, function.NewArgErrorf(i, "it is no time in RFC 3339, as in 2026-03-01T12:00:00Z")
				}
			}
			return cty.NumberIntVal(int64(times[0].Compare(times[1]))), nil
		},
	})
}
