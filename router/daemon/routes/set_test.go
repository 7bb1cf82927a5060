package routes

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestSet(t *testing.T) {
	for name, tc := range map[string]struct{ set, doc, want string }{
		"a text":            {`payload.order.editionCode=PRO`, `{}`, `{"payload":{"order":{"editionCode":"PRO"}}}`},
		"as an expression":  {`event.payload.order.editionCode=PRO`, `{}`, `{"payload":{"order":{"editionCode":"PRO"}}}`},
		"a number":          {`payload.n=12345678901234567890`, `{}`, `{"payload":{"n":12345678901234567890}}`},
		"a text of digits":  {`payload.n="7"`, `{}`, `{"payload":{"n":"7"}}`},
		"an object":         {`payload={"a":[1,true,null]}`, `{"payload":{"b":1}}`, `{"payload":{"a":[1,true,null]}}`},
		"null":              {`payload.a=null`, `{"payload":{"a":1}}`, `{"payload":{"a":null}}`},
		"nothing":           {`payload.a=`, `{}`, `{"payload":{"a":""}}`},
		"half JSON":         {`payload.a={"b`, `{}`, `{"payload":{"a":"{\"b"}}`},
		"two documents":     {`payload.a=1 2`, `{}`, `{"payload":{"a":"1 2"}}`},
		"an equals sign":    {`payload.a=b=c`, `{}`, `{"payload":{"a":"b=c"}}`},
		"an index":          {`payload.items[1].unit=USER`, `{}`, `{"payload":{"items":[null,{"unit":"USER"}]}}`},
		"a quoted name":     {`payload.configuration["a.b=c"]=x`, `{}`, `{"payload":{"configuration":{"a.b=c":"x"}}}`},
		"an escaped name":   {`payload["a\"]"]=x`, `{}`, `{"payload":{"a\"]":"x"}}`},
		"a dash":            {`attributes.headers.user-agent=x`, `{}`, `{"attributes":{"headers":{"user-agent":"x"}}}`},
		"beside what it is": {`payload.a=1`, `{"payload":{"b":2}}`, `{"payload":{"a":1,"b":2}}`},
	} {
		t.Run(name, func(t *testing.T) {
			set, err := ParseSet(tc.set)
			if err != nil {
				t.Fatal(err)
			}
			got, err := set.in(valueOf(tc.doc))
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(got)
			if err != nil || string(text) != tc.want {
				t.Errorf("got %s, %v; want %s", text, err, tc.want)
			}
		})
	}
}

func TestSetRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ set, doc, want string }{
		"no value":           {"payload.a", "{}", "is not PATH=VALUE"},
		"no name":            {"=a", "{}", "there is no name"},
		"no name after":      {"payload..a=1", "{}", "there is no name"},
		"no end":             {"payload[1=1", "{}", "is no index"},
		"no end of a name":   {`payload["a=1`, "{}", "is not closed"},
		"no end behind":      {`payload["a"=1`, "{}", "is not closed"},
		"no index":           {"payload[x]=1", "{}", "is no index"},
		"a huge index":       {"payload[1000]=1", "{}", "is no index"},
		"below zero":         {"payload[-1]=1", "{}", "is no index"},
		"too many steps":     {strings.Repeat("a.", 100) + "b=1", "{}", "more than 64 steps"},
		"into a text":        {"payload.a.b=1", `{"payload":{"a":"x"}}`, "not an object"},
		"into an object":     {"payload[0]=1", `{"payload":{"a":"x"}}`, "not a list"},
		"something behind ]": {`payload["a"]b=1`, "{}", "is not PATH=VALUE"},
	} {
		t.Run(name, func(t *testing.T) {
			set, err := ParseSet(tc.set)
			if err == nil {
				_, err = set.in(valueOf(tc.doc))
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

// FuzzSet: what is set can be read back as JSON.
func FuzzSet(f *testing.F) {
	f.Add("payload.order.items[0].unit=USER")
	f.Add(`payload["a.b"]={"c":1}`)
	f.Add("a[999][999]=1")
	f.Fuzz(func(t *testing.T, text string) {
		set, err := ParseSet(text)
		if err != nil {
			return
		}
		doc, err := set.in(nil)
		if err != nil {
			t.Fatalf("nothing can be in the way of nothing: %v", err)
		}
		if _, err := json.Marshal(doc); err != nil {
			t.Fatal(err)
		}
	})
}
