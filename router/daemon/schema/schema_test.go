package schema_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/signalbox/signalbox/router/daemon"
)

func TestTheExamplesInJSONAreTaken(t *testing.T) {
	paths, err := filepath.Glob("../../../examples/*.hcl")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	bare := compiled(t, "")
	for _, path := range append(paths, "../../../config.hcl") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			lendCredentials(t, text)
			document := jsonForm(t, path, text)
			if err := validate(t, bare, document); err != nil {
				t.Errorf("by the language alone: %v", err)
			}
			if err := validate(t, compiled(t, path), document); err != nil {
				t.Errorf("with its own plugins: %v", err)
			}
		})
	}
}

// base is a configuration that the cases below are put into.
const base = `{
  "//": "a comment",
  "source": {"webhook": {"w": {"path": "/w", "hmac": {"secret": "0123456789abcdef0123456789abcdef"}}}},
  "plugin": {"email": {"use": "email", "config": {"from": "a@vendor.example", "maildir": "./mail"}}},
  "route": {"r": {
    "from": ["source.webhook.w"],
    "deliver": {"mail": {"to": "plugin.email.send", "with": {"template": "notice", "to": "b@vendor.example"}}}
  }}
}`

func TestWhatTheSchemaTakes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.hcl")
	err := os.WriteFile(path, []byte(`
source "webhook" "w" {
  path = "/w"
  hmac { secret = "0123456789abcdef0123456789abcdef" }
}
plugin "email" {
  use = "email"
  config {
    from    = "a@vendor.example"
    maildir = "./mail"
  }
}
`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	bare, own := compiled(t, ""), compiled(t, path)
	const yes, no = true, false
	for name, tt := range map[string]struct {
		old, put   string
		alone, own bool
	}{
		"it as it is":                    {``, ``, yes, yes},
		"a setting":                      {`{`, `{"listen": ":80", "retention": "1d12h", "max_in_flight": 5,`, yes, yes},
		"a setting nobody has":           {`{`, `{"listn": ":80",`, no, no},
		"a setting that is null":         {`{`, `{"listen": null,`, no, no},
		"no duration":                    {`{`, `{"retention": "a year",`, no, no},
		"a duration that is computed":    {`{`, `{"retention": "${var.keep}",`, yes, yes},
		"no size":                        {`{`, `{"retention_size": "10 parsecs",`, no, no},
		"a word of a closed set":         {`{`, `{"log_level": "loud",`, no, no},
		"locals":                         {`{`, `{"locals": [{"a": 1}, {"b": "${local.a}"}],`, yes, yes},
		"two of a block":                 {`{`, `{"admin": [{}, {}],`, no, no},
		"a block in an array":            {`{`, `{"admin": [{"socket": "/x"}],`, yes, yes},
		"a kind nobody speaks":           {`"webhook"`, `"webhok"`, no, no},
		"a source's attribute":           {`"path"`, `"unrouted": "accept", "path"`, yes, yes},
		"a source without its path":      {`"path": "/w",`, ``, no, no},
		"a source's wrong attribute":     {`"path"`, `"pth": "/w", "path"`, no, no},
		"a source's expression":          {`"path"`, `"id": "${request.body.id}", "path"`, yes, yes},
		"a null for a source":            {`"path"`, `"reply_within": null, "path"`, yes, yes},
		"two proofs of a source":         {`"hmac": `, `"bearer": [{"token": "${file(\"x\")}"}, {"token": "y"}], "hmac": `, yes, yes},
		"an attribute of a block":        {`"secret"`, `"secrt"`, no, no},
		"a plugin's wrong attribute":     {`"use"`, `"uses"`, no, no},
		"a plugin's wrong config":        {`"maildir"`, `"maildr"`, yes, no},
		"a plugin's config of one type":  {`"./mail"`, `["./mail"]`, yes, no},
		"another plugin":                 {`"plugin": {`, `"plugin": {"acme": {"exec": "/x", "config": {"any": 1}},`, yes, yes},
		"a route's wrong attribute":      {`"from": [`, `"form": [], "from": [`, no, no},
		"a route without its source":     {`"from": ["source.webhook.w"],`, ``, no, no},
		"another source":                 {`source.webhook.w`, `source.webhook.v`, yes, yes},
		"no source":                      {`source.webhook.w`, `webhook.w`, no, no},
		"a condition":                    {`"from": [`, `"when": "${event.type == \"a\"}", "from": [`, yes, yes},
		"a condition that is none":       {`"from": [`, `"when": true, "from": [`, no, no},
		"an event type":                  {`"from": [`, `"on": ["any.type"], "from": [`, yes, yes},
		"event types that are no list":   {`"from": [`, `"on": "any.type", "from": [`, no, no},
		"a reply":                        {`"from": [`, `"reply": {"message": "thanks"}, "from": [`, yes, yes},
		"a reply that nobody knows":      {`"from": [`, `"reply": {"mesage": "thanks"}, "from": [`, no, no},
		"codes":                          {`"from": [`, `"codes": {"card_declined": "FORBIDDEN"}, "from": [`, yes, yes},
		"on failure":                     {`"from": [`, `"on_failure": {"deliver": {"a": {"to": "plugin.email.send", "with": "${local.mail}"}}}, "from": [`, yes, yes},
		"on failure, a wrong name":       {`"from": [`, `"on_failure": {"delivr": {}}, "from": [`, no, no},
		"a throttle":                     {`"from": [`, `"throttle": {"every": "15m", "by": "${event.type}"}, "from": [`, yes, yes},
		"a delivery's wrong attribute":   {`"to": "plugin`, `"optinal": true, "to": "plugin`, no, no},
		"a retry":                        {`"to": "plugin`, `"retry": {"attempts": 3, "within": "1h"}, "to": "plugin`, yes, yes},
		"no action":                      {`plugin.email.send`, `email.send`, no, no},
		"another plugin's action":        {`plugin.email.send`, `plugin.acme.go`, yes, yes},
		"an action the plugin lacks":     {`plugin.email.send`, `plugin.email.sent`, yes, no},
		"an input the action lacks":      {`"template"`, `"cc": "c@vendor.example", "template"`, yes, no},
		"an input that is missing":       {`"template": "notice",`, ``, yes, no},
		"no input at all":                {`, "with": {"template": "notice", "to": "b@vendor.example"}`, ``, yes, no},
		"an input that is computed":      {`"notice"`, `"${event.type}"`, yes, yes},
		"inputs that are computed":       {`{"template": "notice", "to": "b@vendor.example"}`, `"${merge(local.a, {})}"`, yes, yes},
		"a required input that is null":  {`"notice"`, `null`, yes, no},
		"an optional input that is null": {`"notice"`, `"notice", "subject": null`, yes, yes},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.old != "" && !strings.Contains(base, tt.old) {
				t.Fatalf("the base has no %s", tt.old)
			}
			text := []byte(strings.Replace(base, tt.old, tt.put, 1))
			if err := validate(t, bare, text); (err == nil) != tt.alone {
				t.Errorf("by the language alone: %v\n%s", err, text)
			}
			if err := validate(t, own, text); (err == nil) != tt.own {
				t.Errorf("with its own plugins: %v\n%s", err, text)
			}
			if !tt.own && loads(t, text) {
				t.Errorf("the schema refuses what loads:\n%s", text)
			}
		})
	}
}

// What the schema takes is what a load takes.
func TestTheExamplesInJSONLoad(t *testing.T) {
	paths, err := filepath.Glob("../../../examples/*.hcl")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, path := range append(paths, "../../../config.hcl") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			lendCredentials(t, text)
			document := filepath.Join(t.TempDir(), "config.hcl.json")
			if err := os.WriteFile(document, jsonForm(t, path, text), 0o600); err != nil {
				t.Fatal(err)
			}
			diags, err := daemon.Validate(t.Context(), document, nil, zerolog.Nop())
			if err != nil {
				t.Fatal(err)
			}
			if diags.Len() > 0 {
				t.Errorf("%s", diags.JSON())
			}
		})
	}
}

// rich has what the examples have not.
const rich = `{
  "//": "a comment",
  "public_url": "https://events.vendor.example",
  "retention": "30d",
  "variable": {"desk": {"type": "string", "default": "help@vendor.example"}},
  "locals": [{"editions": {"BASIC": "notice", "PRO": "welcome"}}, {"sizes": ["S", "M"]}],
  "source": {"webhook": {"deals": {
    "path": "/deals",
    "unrouted": "accept",
    "bearer": [{"token": "0123456789abcdef"}, {"token": "fedcba9876543210", "header": "X-Token"}],
    "id": "${request.body.id}",
    "type": "${request.body.type}",
    "schema": {"on": ["deal.won"], "payload": "object({ id = string, amount = number, note = optional(string) })"}
  }}},
  "plugin": {"email": {"use": "email", "config": [{"from": "a@vendor.example", "maildir": "./mail"}]}},
  "route": [
    {"edition": {
      "for_each": "${local.editions}",
      "from": ["source.webhook.deals"],
      "on": ["deal.won"],
      "when": "${event.payload.id == each.key}",
      "deliver": {"mail": {
        "to": "plugin.email.send",
        "with": {"template": "${each.value}", "to": "${var.desk}", "data": {"amount": "${event.payload.amount}"}},
        "optional": true,
        "retry": {"attempts": 3, "within": "1h"}
      }},
      "on_failure": {"deliver": {"ticket": {"to": "plugin.email.send", "with": {"template": "failure", "to": "${var.desk}"}}}},
      "reply": {"message": "Thank you for ${event.payload.id}."}
    }},
    {"tell": {
      "from": ["source.signalbox"],
      "on": ["event.held"],
      "throttle": {"every": "15m", "by": "${event.type}"},
      "deliver": {"mail": {"to": "plugin.email.send", "with": {"template": "failure", "to": "${var.desk}"}}}
    }}
  ]
}`

func TestWhatTheSchemaTakesLoads(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.hcl.json")
	if err := os.WriteFile(path, []byte(rich), 0o600); err != nil {
		t.Fatal(err)
	}
	diags, err := daemon.Validate(t.Context(), path, nil, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if diags.HasErrors() {
		t.Errorf("it does not load: %s", diags.JSON())
	}
	for name, s := range map[string]*jsonschema.Schema{"the language alone": compiled(t, ""), "its own plugins": compiled(t, path)} {
		if err := validate(t, s, []byte(rich)); err != nil {
			t.Errorf("by %s: %v", name, err)
		}
	}
}
