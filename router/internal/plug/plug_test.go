package plug

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
	"google.golang.org/protobuf/types/known/durationpb"

	pluginv1 "github.com/signalbox/signalbox/sdk/proto/signalbox/plugin/v1"
)

func TestBackoff(t *testing.T) {
	var b backoff
	var got []time.Duration
	for range 9 {
		got = append(got, b.after(0))
	}
	got = append(got, b.after(healthyAfter-1), b.after(healthyAfter), b.after(0))
	want := []time.Duration{
		250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second,
		16 * time.Second, 30 * time.Second, 30 * time.Second, 30 * time.Second, 250 * time.Millisecond, 500 * time.Millisecond,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPrepareSockets(t *testing.T) {
	dir, err := os.MkdirTemp("", "plug") // a test's own has too long a name
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	left, other := filepath.Join(dir, "plugin-dir123"), filepath.Join(dir, "notes")
	for _, d := range []string{left, other} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := prepareSockets(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("what was left is not swept: %v", err)
	}
	if _, err := os.Stat(other); err != nil {
		t.Errorf("another's is swept: %v", err)
	}
	err = prepareSockets("/" + strings.Repeat("x", 70))
	if want := "is 2 bytes too long: a socket's path has at most 107"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
	if err := prepareSockets(""); err != nil {
		t.Error(err)
	}
}

func TestShape(t *testing.T) {
	cases := map[string]struct{ of, value, want string }{
		"string":           {`"string"`, `"a"`, ""},
		"null":             {`"string"`, `null`, ""},
		"number":           {`"number"`, `-1.5e3`, ""},
		"bool":             {`"bool"`, `true`, ""},
		"not a bool":       {`"bool"`, `"true"`, "it is of the JSON kind string, not bool"},
		"anything":         {`"dynamic"`, `[1,{}]`, ""},
		"list":             {`["list","string"]`, `["a",null]`, ""},
		"list, bad":        {`["list","string"]`, `["a",1]`, "element 1: it is of the JSON kind number, not string"},
		"map":              {`["map",["set","number"]]`, `{"a":[1]}`, ""},
		"map, bad":         {`["map",["set","number"]]`, `{"a":{}}`, "a: it is of the JSON kind object, not array"},
		"tuple":            {`["tuple",["string","bool"]]`, `["a",true]`, ""},
		"tuple, short":     {`["tuple",["string","bool"]]`, `["a"]`, "it has 1 elements, not 2"},
		"object":           {`["object",{"a":"string","b":"number"},["b"]]`, `{"a":"x"}`, ""},
		"object, lacking":  {`["object",{"a":"string"}]`, `{}`, "a is missing"},
		"object, bad":      {`["object",{"a":"string"}]`, `{"a":[]}`, "a: it is of the JSON kind array, not string"},
		"no type":          {`"text"`, ``, `"text" is no type`},
		"no type at all":   {`7`, ``, `7 is no type`},
		"unknown compound": {`["bag","string"]`, ``, `["bag","string"] is no type`},
		"too much":         {`["list","string","number"]`, ``, "a list has one type of elements"},
		"bad object":       {`["object",["a"]]`, ``, "an object has types by name, and perhaps a list of the optional ones"},
		"bad nested":       {`["object",{"a":"b"}]`, ``, `a: "b" is no type`},
		"bad tuple":        {`["tuple","string"]`, ``, "a tuple has a list of types"},
		"deep": {strings.Repeat(`["list",`, 20) + `"string"` + strings.Repeat("]", 20), ``,
			"it nests too deep"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			of, err := parseShape([]byte(c.of))
			if err == nil {
				err = of.fits(json.RawMessage(c.value))
			}
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestDescribeFaults(t *testing.T) {
	attrs := func(as ...*pluginv1.Attribute) *pluginv1.Schema { return &pluginv1.Schema{Attributes: as} }
	action := func(a *pluginv1.Action) *pluginv1.DescribeResponse {
		return &pluginv1.DescribeResponse{Actions: []*pluginv1.Action{a}}
	}
	deep := &pluginv1.Schema{}
	for range depthMax + 1 {
		deep = &pluginv1.Schema{Blocks: []*pluginv1.Block{{Name: "b", Schema: deep}}}
	}
	cases := map[string]struct {
		d    *pluginv1.DescribeResponse
		want string
	}{
		"nothing": {nil, ""},
		"nil parts": {&pluginv1.DescribeResponse{
			Actions: []*pluginv1.Action{nil},
		}, `"" is no name for an action`},
		"two actions": {&pluginv1.DescribeResponse{Actions: []*pluginv1.Action{{Name: "a"}, {Name: "a"}}}, `it has two actions "a"`},
		"nil attribute": {&pluginv1.DescribeResponse{Config: attrs(nil)},
			`its configuration: "" is no name for an attribute or block`},
		"two attributes": {&pluginv1.DescribeResponse{Config: &pluginv1.Schema{
			Attributes: []*pluginv1.Attribute{{Name: "a", Type: []byte(`"string"`)}}, Blocks: []*pluginv1.Block{{Name: "a"}},
		}}, `its configuration: it has two "a"`},
		"type": {&pluginv1.DescribeResponse{Config: attrs(&pluginv1.Attribute{Name: "a"})},
			`its configuration: attribute "a":  is no type`},
		"default": {&pluginv1.DescribeResponse{Config: attrs(&pluginv1.Attribute{Name: "a", Type: []byte(`"number"`), Default: []byte(`"x"`)})},
			`its configuration: attribute "a": its default: it is of the JSON kind string, not number`},
		"default, no JSON": {&pluginv1.DescribeResponse{Config: attrs(&pluginv1.Attribute{Name: "a", Type: []byte(`"number"`), Default: []byte(`x`)})},
			`its configuration: attribute "a": its default is no JSON`},
		"values of a number": {&pluginv1.DescribeResponse{Config: attrs(&pluginv1.Attribute{Name: "a", Type: []byte(`"number"`), Values: []string{"1"}})},
			`its configuration: attribute "a": only a string can have a set of values`},
		"deep": {&pluginv1.DescribeResponse{Config: deep}, "its configuration: " + strings.Repeat(`block "b": `, depthMax+1) + "its blocks nest too deep"},
		"blocks in an input": {action(&pluginv1.Action{Name: "a", Input: deep}),
			`the input of action "a": only a configuration has blocks`},
		"output": {action(&pluginv1.Action{Name: "a", Output: attrs(&pluginv1.Attribute{Name: "b.c"})}),
			`the output of action "a": "b.c" is no name for an attribute or block`},
		"key lifetime": {action(&pluginv1.Action{Name: "a", KeyLifetime: durationpb.New(-1)}),
			`the key lifetime of action "a" is no positive duration`},
		"many": {&pluginv1.DescribeResponse{Actions: make([]*pluginv1.Action, namesMax+1)}, "it has 1001 actions, more than 1000"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := ""
			if _, err := describe(c.d); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestLines(t *testing.T) {
	cases := map[string]struct{ line, want string }{
		"plain":     {"hello\tthere", `{"level":"info","message":"hello\tthere"}`},
		"escapes":   {"\x1b[2Jgone\xff", `{"level":"info","message":" [2Jgone�"}`},
		"json":      {`{"level":"error","message":"m","n":12345678901234567890,"o":{"a":1}}`, `{"level":"error","n":12345678901234567890,"o":{"a":1},"message":"m"}`},
		"odd level": {`{"level":"shout","message":"m"}`, `{"level":"info","message":"m"}`},
		"no level":  {`{"message":"m"}`, `{"level":"info","message":"{\"message\":\"m\"}"}`},
		"odd types": {`{"level":1,"message":[]}`, `{"level":"info","message":"{\"level\":1,\"message\":[]}"}`},
		"ours":      {`{"level":"debug","message":"m","plugin":"x","pid":1,"time":"now"}`, `{"level":"debug","message":"m"}`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			l := &lines{log: zerolog.New(&b)}
			l.read(strings.NewReader("\r\n\n"+c.line+"\n"), "")
			got := map[string]any{}
			want := map[string]any{}
			if err := json.Unmarshal(b.Bytes(), &got); err != nil {
				t.Fatalf("%v: %s", err, b.String())
			}
			if err := json.Unmarshal([]byte(c.want), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	t.Run("tail", func(t *testing.T) {
		l := &lines{log: zerolog.Nop()}
		l.read(strings.NewReader(strings.Repeat("old\n", 100)+strings.Repeat("é", tailWidth)+"\nlast"), "")
		last := l.last()
		if len(last) != tailLines || last[tailLines-1] != "last" || len(last[tailLines-2]) > tailWidth+len("…") {
			t.Errorf("got %q", last)
		}
	})
}

func FuzzShape(f *testing.F) {
	f.Add([]byte(`["object",{"a":["list","string"]},["a"]]`), []byte(`{"a":["x"]}`))
	f.Add([]byte(`["tuple",["number","dynamic"]]`), []byte(`[1,null]`))
	f.Fuzz(func(t *testing.T, of, value []byte) {
		s, err := parseShape(of)
		if err == nil && json.Valid(value) {
			_ = s.fits(bytes.TrimSpace(value))
		}
	})
}

func FuzzLines(f *testing.F) {
	f.Add([]byte(`{"@message": 1}`))
	f.Add([]byte(`{"level":"warn","message":"m","a b":{"c":[1]}}` + "\n\x1b[1m\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var out bytes.Buffer
		l := &lines{log: zerolog.New(&out)}
		l.read(bytes.NewReader(b), "stdout")
		for line := range bytes.Lines(out.Bytes()) {
			if !json.Valid(line) {
				t.Fatalf("the log has a line that is no JSON: %q", line)
			}
		}
	})
}
