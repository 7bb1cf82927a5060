package config

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/signalbox/signalbox/router/routertest"
	"github.com/zclconf/go-cty/cty"
)

// evaluateText evaluates an expression as those of a configuration are.
func evaluateText(t testing.TB, text string) (cty.Value, hcl.Diagnostics) {
	t.Helper()
	expr, diags := hclsyntax.ParseExpression([]byte(text), "x", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatalf("%s: %s", text, diags)
	}
	boundArithmetic(expr)
	return expr.Value(&hcl.EvalContext{Functions: functions(), Variables: map[string]cty.Value{
		"long": cty.StringVal(strings.Repeat("a", 1<<20)),
		"huge": cty.StringVal("1e600000000"),
		"many": cty.StringVal(strings.Repeat("a,", 1<<19)),
	}})
}

// TestFunctionsAreBounded: what would grow beyond reason is refused before it
// takes the memory.
func TestFunctionsAreBounded(t *testing.T) {
	for name, text := range map[string]string{
		"a width":              `format("%1000000000d", 1)`,
		"a width of a text":    `format("%999999999s", "a")`,
		"a precision":          `format("%.1000000000f", 1)`,
		"many verbs":           `format(join("", [for a in range(1000) : "%[1]s"]), long)`,
		"many rows":            `formatlist("%s %s", range(1000), long)`,
		"an indent":            `indent(1000000000, "a\nb")`,
		"many indents":         `indent(100000, join("\n", range(1000)))`,
		"a long separator":     `join(long, range(1000))`,
		"a long replacement":   `replace(long, "a", long)`,
		"between all letters":  `replace(long, "", long)`,
		"a pattern":            `regexreplace(long, "a", long)`,
		"what a pattern found": `regexreplace(long, "^.*$", "$0$0$0$0$0$0")`,
		"all letters":          `regexall(".", long)`,
		"parts":                `split(",", many)`,
		"letters":              `split("", long)`,
		"a product":            `setproduct(range(1000), range(1000), range(1000))`,
		"a number":             `tonumber(huge)`,
		"a text, as a number":  `format("%d", huge)`,
		"texts, as numbers":    `formatlist("%d", [huge, 1])`,
		"arithmetic":           `"${huge * 1}"`,
		"a negation":           `"${-huge}"`,
		"of two":               `max(huge, 1)`,
		"binary":               `"${"1p600000000" + 1}"`,
		"a number in JSON":     `jsondecode(huge)`,
		"a number, written":    `jsonencode(pow(10, 300) * pow(10, 300) * pow(10, 300) * pow(10, 300) * pow(10, 300))`,
		"a long number":        `parseint(replace(long, "a", "9"), 10)`,
		"deep JSON":            `jsondecode(replace(long, "a", "["))`,
		"many values in JSON":  `jsondecode("[${replace(many, "a", "0")}0]")`,
	} {
		t.Run(name, func(t *testing.T) {
			routertest.Bounded(t, func() {
				if v, diags := evaluateText(t, text); !diags.HasErrors() {
					t.Errorf("it gives %s", v.Type().FriendlyName())
				}
			})
		})
	}
}

// TestManyElements: what is made of the elements of an event takes no longer
// than there are.
func TestManyElements(t *testing.T) {
	elements := make([]cty.Value, 50_000)
	for i := range elements {
		elements[i] = cty.StringVal(strconv.Itoa(i % 1000))
	}
	for name, f := range functions() {
		params := f.Params()
		if variadic := f.VarParam(); variadic != nil {
			params = append(params, *variadic)
		}
		for i, p := range params {
			if !p.Type.IsCollectionType() && p.Type != cty.DynamicPseudoType {
				continue
			}
			args := make([]hclsyntax.Expression, len(params))
			for j := range args {
				args[j] = &hclsyntax.LiteralValueExpr{Val: cty.NumberIntVal(2)}
			}
			args[i] = &hclsyntax.LiteralValueExpr{Val: cty.TupleVal(elements)}
			done := make(chan struct{})
			go func() {
				defer close(done)
				call := &hclsyntax.FunctionCallExpr{Name: name, Args: args}
				_, _ = call.Value(&hcl.EvalContext{Functions: functions()})
			}()
			select {
			case <-done:
			case <-time.After(20 * time.Second):
				t.Fatalf("%s takes too long for its argument %s", name, p.Name)
			}
		}
	}
}

// TestFunctionsThatUsersOfTerraformKnow.
func TestFunctionsThatUsersOfTerraformKnow(t *testing.T) {
	for text, want := range map[string]string{
		`base64encode("héllo")`:    `"aMOpbGxv"`,
		`base64decode("aMOpbGxv")`: `"héllo"`,
		`urlencode("a b&c")`:       `"a+b%26c"`,
		`sha256("a")`:              `"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"`,
		`alltrue([true, true])`:    `true`,
		`alltrue([true, false])`:   `false`,
		`alltrue([])`:              `true`,
		`anytrue([false, true])`:   `true`,
		`anytrue([])`:              `false`,
		`sum([1, 2, 3.5])`:         `6.5`,
		`timecmp("2026-03-01T12:00:00Z", "2026-03-01T12:00:01Z")`: `-1`,
		`setunion(["a"], ["b", "a"])`:                             `["a","b"]`,
		`setintersection(["a", "b"], ["b"])`:                      `["b"]`,
		`setsubtract(["a", "b"], ["b"])`:                          `["a"]`,
		`setproduct(["a"], ["b", "c"])`:                           `[["a","b"],["a","c"]]`,
		`tolist(["a", 1])`:                                        `["a","1"]`,
		`toset([])`:                                               `[]`,
		`tomap({ a = 1, b = "x" })`:                               `{"a":"1","b":"x"}`,
		`distinct(["a", "b", "a"])`:                               `["a","b"]`,
		`distinct([[1], [1], [2]])`:                               `[[1],[2]]`,
		`setunion([], [1])`:                                       `[1]`,
		`range(3)`:                                                `[0,1,2]`,
		`chunklist([1, 2, 3], 2)`:                                 `[[1,2],[3]]`,
		`regexreplace("a1b2", "[0-9]", "<$0>")`:                   `"a<1>b<2>"`,
		`strrev("abc")`:                                           `"cba"`,
		`format("%5.1f|%-4s|%v", 1.25, "ab", [1])`:                `"  1.2|ab  |[1]"`,
		`formatlist("%s!", ["a", "b"])`:                           `["a!","b!"]`,
		`jsondecode("{\"a\":[1e3]}")`:                             `{"a":[1000]}`,
		`tonumber("1e3")`:                                         `1000`,
		`1e300 * 1e300`:                                           "1" + strings.Repeat("0", 600),
		`"12e4567890"`:                                            `"12e4567890"`,
		`format("%s %d", "12e4567890x", 1)`:                       `"12e4567890x 1"`,
		`parseint("fe12345", 16)`:                                 `266412869`,
		`indent(2, "a\nb")`:                                       `"a\n  b"`,
		`lookup({ a = 1 }, "b", 2)`:                               `2`,
	} {
		v, diags := evaluateText(t, text)
		if diags.HasErrors() {
			t.Errorf("%s: %s", text, diags)
			continue
		}
		got, err := appendJSON(nil, v)
		if err != nil || string(got) != want {
			t.Errorf("%s is %s, want %s (%v)", text, got, want, err)
		}
	}
}

// An event of more values than anybody sends fails, and does not fill the memory.
func TestAnEventOfManyValues(t *testing.T) {
	config := mustLoad(t, "route \"x\" {\n  from = [source.appdirect.acme]\n  when = length(event.payload.l) > 0 && event.payload.o != null\n}\n")
	rows := func(n, of int) string {
		row := "[" + strings.TrimSuffix(strings.Repeat(`{"a":1},`, of), ",") + "]"
		return "[" + strings.TrimSuffix(strings.Repeat(row+",", n), ",") + "]"
	}
	var members []string
	for i := range maxElements + 1 {
		members = append(members, fmt.Sprintf(`"k%d":1`, i))
	}
	text := `"` + strings.Repeat(`,[{`, maxValues) + `"`
	for name, tc := range map[string]struct{ payload, want string }{
		"some":                  {payload: `{"l":` + rows(10, 1000) + `,"o":{}}`},
		"a long text":           {payload: `{"l":[` + text + `],"o":{}}`},
		"more than are allowed": {payload: `{"l":` + rows(100, 1000) + `,"o":{}}`, want: "more than 50000 values"},
		"members of one object": {payload: `{"l":[1],"o":{` + strings.Join(members, ",") + `}}`, want: "more than 10000 members"},
		"elements of one list":  {payload: `{"l":` + rows(maxElements+1, 1) + `,"o":{}}`, want: "more than 10000 elements"},
	} {
		t.Run(name, func(t *testing.T) {
			names, err := matchNames(t, config, "appdirect.acme", "SUBSCRIPTION_ORDER", tc.payload)
			if tc.want == "" && (err != nil || len(names) != 1) || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("%d routes match, error %v, want %q", len(names), err, tc.want)
			}
		})
	}
}
