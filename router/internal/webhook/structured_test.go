package webhook

import (
	"net/http"
	"strings"
	"testing"

	"github.com/signalbox/signalbox/router"
)

// structured is a request in structured mode, written by hand.
func structured(headers ...string) *http.Request {
	return post("", append(headers, "Content-Type", "application/cloudevents+json; charset=utf-8")...)
}

// whole is an event in structured mode but for its end.
const whole = `{"specversion":"1.0","id":"1","source":"/a","type":"t"`

// TestMembers: what the JSON format says of each member.
func TestMembers(t *testing.T) {
	for name, tc := range map[string]struct{ members, payload, extensions string }{
		"data":                         {`,"data":{"a":[1e999,"é"]}`, `{"a":[1e999,"é"]}`, ``},
		"text":                         {`,"datacontenttype":"text/plain","data":"a \"b\""`, `"a \"b\""`, `"datacontenttype":"text/plain",`},
		"JSON of a kind":               {`,"datacontenttype":"a/b+json","data":{"a":1}`, `{"a":1}`, `"datacontenttype":"a/b+json",`},
		"JSON of a kind in a text":     {`,"datacontenttype":"a/b+json","data":"{\"a\":1}"`, `{"a":1}`, `"datacontenttype":"a/b+json",`},
		"a text as JSON of a kind":     {`,"datacontenttype":"a/b+json","data":"a"`, `"a"`, `"datacontenttype":"a/b+json",`},
		"base64":                       {`,"data_base64":"eyJhIjoxfQ=="`, `{"a":1}`, ``},
		"base64 as PHP escapes it":     {`,"data_base64":"P\/8\/","datacontenttype":"image/png"`, `{"data_base64":"P/8/"}`, `"datacontenttype":"image/png",`},
		"null is absent":               {`,"data":null,"data_base64":null,"subject":null,"time":null,"dataschema":null,"datacontenttype":null,"tenant":null`, `{}`, ``},
		"extensions":                   {`,"a1":"x","b":true,"c":7`, `{}`, `"a1":"x","b":true,"c":7,`},
		"an extension in another case": {`,"aTenant":"x"`, `{}`, `"atenant":"x",`},
		"the later of two":             {`,"a":"x","a":"y"`, `{}`, `"a":"y",`},
	} {
		t.Run(name, func(t *testing.T) {
			text := whole + tc.members + "}"
			e := take(t, open(t, CloudEvents(), anybody, nil), structured(), text)
			attributes := `{` + tc.extensions + `"id":"1","source":"/a","specversion":"1.0","type":"t"}`
			if string(e.Payload) != tc.payload || string(e.Attributes) != attributes || string(e.Raw) != text {
				t.Errorf("payload %s, attributes %s, raw %s", e.Payload, e.Attributes, e.Raw)
			}
		})
	}
}

func TestMembersThatAreWrong(t *testing.T) {
	for name, tc := range map[string]struct{ members, why string }{
		"base64 that is a number":     {`,"data_base64":1`, "data_base64 is not base64"},
		"base64 that is none":         {`,"data_base64":"*"`, "data_base64 is not base64"},
		"data twice":                  {`,"data":{},"data_base64":"e30="`, "it has both data and data_base64"},
		"text that is none":           {`,"data":{},"datacontenttype":"text/plain"`, `the data is "text/plain" and no text`},
		"a time that is none":         {`,"time":"2026-02-30T00:00:00Z"`, `the attribute "time"`},
		"a subject that is none":      {`,"subject":7`, `the attribute "subject": it is no text`},
		"a list as extension":         {`,"tenant":["a"]`, `the attribute "tenant"`},
		"half a number":               {`,"tenant":1.5`, "no integer of 32 bits"},
		"a number beyond 32 bits":     {`,"tenant":2147483648`, "no integer of 32 bits"},
		"an id in another case":       {`,"ID":"2"`, `the attribute "id" stands in it twice`},
		"an extension in two cases":   {`,"aTenant":"x","atenant":"y"`, `the attribute "atenant" stands in it twice`},
		"a member without a name":     {`,"":1,"data":{}`, `the attribute ""`},
		"another version, the later":  {`,"specversion":"0.3"`, "specversion is"},
		"no version, as it is absent": {`,"specversion":null`, "specversion is"},
	} {
		t.Run(name, func(t *testing.T) {
			status, public, why := refused(t, open(t, CloudEvents(), anybody, nil), structured(), whole+tc.members+"}")
			if status != 400 || !strings.Contains(public, "version 1.0") || !strings.Contains(why, tc.why) {
				t.Errorf("status %d, %q, because %s; want %s", status, public, why, tc.why)
			}
		})
	}
}

// TestHeadersBesideAnEvent: in structured mode a header is no attribute. The
// signature does not cover it.
func TestHeadersBesideAnEvent(t *testing.T) {
	s := open(t, CloudEvents(), everyProof, map[string]router.RequestText{attrLane: func(req router.Request) (string, error) {
		return req.Headers.Get("Ce-Subject") + req.Headers.Get("Content-Type"), nil
	}})
	text := whole + `,"datacontenttype":"text/json","data":{}}`
	e := take(t, s, structured(append(gitHub(hmacSecret, text), "Ce-Subject", "another's")...), text)
	if e.Lane != "test.source|text/json" {
		t.Errorf("lane %q", e.Lane)
	}
}
