package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/daemon"
)

func TestWriteLanguage(t *testing.T) {
	text := json.RawMessage(`"string"`)
	setting := func(name, doc string) daemon.Setting {
		return daemon.Setting{Attr: router.Attr{Name: name, Type: text, Doc: doc}}
	}
	when := setting("when", "Whether.")
	when.Sees = []string{"event", "deliver"}
	level := setting("level", "How much.")
	level.Values = []string{"much", "little"}
	every, from, to := setting("every", "How often."), setting("from", "Whence."), setting("to", "Whither.")
	every.Form, from.Form, to.Form = daemon.FormDuration, daemon.FormSource, daemon.FormAction
	every.Default, from.Type = json.RawMessage(`"15m"`), json.RawMessage(`["list","string"]`)
	value := setting("", "A value.")
	source := daemon.Block{Name: "source", Labels: []string{"kind", "name"}, Attrs: []daemon.Setting{setting("path", "Where.")}}

	l := &daemon.Language{
		Kinds: []daemon.Kind{
			{Name: "own", Types: []string{"down"}},
			{
				Name: "shop", Source: &source, Types: []string{"SOLD", "RETURNED", "A_TYPE_WITH_A_LONG_NAME", "ANOTHER_TYPE_WITH_A_LONG_NAME"},
				Event: []router.Attr{{Name: "test", Type: json.RawMessage(`"bool"`), Required: true, Doc: "Whether it is one."}},
				Shapes: []daemon.Shape{
					{On: []string{"SOLD"}, Payload: json.RawMessage(`["object",{"to":["object",{"name":"string","age":"number"},["age"]],"items":["list",["object",{"sku":"string"}]]},["items"]]`)},
					{On: []string{"RETURNED"}, Payload: json.RawMessage(`["object",{"why":"string"}]`), Attributes: json.RawMessage(`"dynamic"`)},
					{Payload: json.RawMessage(`["object",{"why":"string"}]`)},
				},
				Reply:    []router.Attr{{Name: "id", Type: text, Doc: "The order's."}},
				Requires: map[string]string{"SOLD": "id"}, Codes: []string{"E1", "E2"},
			},
		},
		Plugins: []daemon.ConfiguredPlugin{{Block: "mail" + hostile, PluginDescription: daemon.PluginDescription{Name: "email", Doc: hostile}}},
	}
	l.Configuration = daemon.Block{
		Attrs: []daemon.Setting{level},
		Blocks: []daemon.Block{{
			Name: "route", Labels: []string{"name"}, Repeats: true, Doc: "Which way.",
			Attrs: []daemon.Setting{from, to, when, every}, Any: &value,
		}},
	}
	l.Functions = []daemon.Function{
		{Name: "env", Doc: "A variable.", Args: []daemon.Arg{{Name: "name", Type: text}}, Type: text, Secret: true},
		{Name: "max", Doc: "The largest.", Args: []daemon.Arg{}, Rest: &daemon.Arg{Name: "numbers", Type: text}, Type: json.RawMessage(`"number"`)},
	}
	l.Names = []daemon.Name{{Name: "event", Doc: "The event.", Attrs: []router.Attr{{Name: "id", Type: text, Required: true, Doc: "Its id."}}}}

	var out bytes.Buffer
	writeLanguage(&out, l)
	assertHarmless(t, out.String())
	golden(t, "schema.txt", out.String())
}
