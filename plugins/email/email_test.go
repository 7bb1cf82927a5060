package email_test

import (
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/signalbox/signalbox/plugins/email"
	"github.com/signalbox/signalbox/sdk"
	"github.com/signalbox/signalbox/sdk/sdktest"
)

func TestMain(m *testing.M) { sdktest.Main(m, email.New()) }

const key = "event-1/order/welcome:0"

func start(t *testing.T, more map[string]any) *sdktest.Client {
	config := map[string]any{"from": "Example <no-reply@example.com>", "product": "Gizmo"}
	for k, v := range more {
		config[k] = v
	}
	return sdktest.Start(t, email.New(), config)
}

func welcome() map[string]any {
	return map[string]any{"template": "welcome", "to": "Ada <ada@example.com>", "data": map[string]any{"name": "Ada"}}
}

func succeeded(t *testing.T, o sdktest.Outcome) (messageID string, suppressed bool) {
	t.Helper()
	var out struct {
		MessageID  string `json:"message_id"`
		Suppressed bool   `json:"suppressed"`
	}
	if o.Kind != sdktest.Succeeded {
		t.Fatalf("got %s, want a success", o)
	}
	if err := o.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out.MessageID, out.Suppressed
}

// parts reads a mail's header and its texts by media type.
func parts(t *testing.T, raw string) (mail.Header, map[string]string) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatalf("reading the mail: %v\n%s", err, raw)
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	r := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return m.Header, texts
		}
		if err != nil {
			t.Fatal(err)
		}
		kind, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type"))
		b, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		texts[kind] = string(b)
	}
}

func TestMaildir(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mail")
	c := start(t, map[string]any{"maildir": dir})
	if err := c.Check(); err != nil {
		t.Error(err)
	}
	for range 2 {
		succeeded(t, c.Handle("send", welcome(), sdktest.Key(key)))
	}
	fresh := names(t, dir, "new")
	if len(fresh) != 1 {
		t.Fatalf("one key made the mails %v", fresh)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "new", fresh[0]))
	if err != nil {
		t.Fatal(err)
	}
	if header, _ := parts(t, string(raw)); header.Get("Subject") != "Welcome to Gizmo" {
		t.Errorf("Subject: %q", header.Get("Subject"))
	}
	// Somebody reads it: it moves on, and a repeat does not bring it back.
	if err := os.Rename(filepath.Join(dir, "new", fresh[0]), filepath.Join(dir, "cur", fresh[0]+":2,S")); err != nil {
		t.Fatal(err)
	}
	succeeded(t, c.Handle("send", welcome(), sdktest.Key(key)))
	if again := append(names(t, dir, "new"), names(t, dir, "tmp")...); len(again) > 0 {
		t.Errorf("left behind: %v", again)
	}
	succeeded(t, c.Handle("send", welcome(), sdktest.Key("event-2/order/welcome:0")))
	if other := names(t, dir, "new"); len(other) != 1 || other[0] == fresh[0] {
		t.Errorf("another key made %v", other)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if o := c.Handle("send", welcome()); o.Kind != sdktest.Retry {
		t.Errorf("without a directory: %s", o)
	}
	if err := c.Check(); err == nil {
		t.Error("without a directory: the check succeeds")
	}
}

func names(t *testing.T, elem ...string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(elem...))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestDevelopmentEventsMailNoCustomer(t *testing.T) {
	event := sdktest.Event(sdk.Event{ID: "event-1", Flag: "DEVELOPMENT"})
	failure := map[string]any{"template": "failure", "to": []string{"ops@example.com"}}

	dir := t.TempDir()
	c := start(t, map[string]any{"maildir": dir})
	if _, suppressed := succeeded(t, c.Handle("send", welcome(), event)); !suppressed || len(names(t, dir, "new")) > 0 {
		t.Errorf("suppressed = %v, and there are %v", suppressed, names(t, dir, "new"))
	}
	if _, suppressed := succeeded(t, c.Handle("send", failure, event)); suppressed || len(names(t, dir, "new")) != 1 {
		t.Error("operators are not told")
	}

	dir = t.TempDir()
	c = start(t, map[string]any{"maildir": dir, "development_to": "dev@example.com"})
	succeeded(t, c.Handle("send", welcome(), event))
	raw, err := os.ReadFile(filepath.Join(dir, "new", names(t, dir, "new")[0]))
	if err != nil {
		t.Fatal(err)
	}
	if header, _ := parts(t, string(raw)); header.Get("To") != "<dev@example.com>" {
		t.Errorf("To: %s", header.Get("To"))
	}
}

func TestInputs(t *testing.T) {
	dir := t.TempDir()
	c := start(t, map[string]any{"maildir": dir})
	many := make([]string, 51)
	for i := range many {
		many[i] = "a@example.com"
	}
	tests := map[string]struct {
		input map[string]any
		code  string // "" for a success
	}{
		"a list":             {map[string]any{"template": "notice", "to": []string{"a@example.com", "B <b@example.com>"}}, ""},
		"with commas":        {map[string]any{"template": "notice", "to": "a@example.com, b@example.com"}, ""},
		"data of no use":     {map[string]any{"template": "notice", "to": "a@example.com", "data": []int{1}}, ""},
		"no such template":   {map[string]any{"template": "welcom", "to": "a@example.com"}, "invalid_input"},
		"no address":         {map[string]any{"template": "welcome", "to": []string{}}, "invalid_address"},
		"null":               {map[string]any{"template": "welcome", "to": nil}, "invalid_address"},
		"a number":           {map[string]any{"template": "welcome", "to": 5}, "invalid_address"},
		"no at":              {map[string]any{"template": "welcome", "to": "example.com"}, "invalid_address"},
		"a line break":       {map[string]any{"template": "welcome", "to": "a@example.com\r\nBcc: b@example.com"}, "invalid_address"},
		"fifty-one":          {map[string]any{"template": "welcome", "to": many}, "invalid_address"},
		"template no string": {map[string]any{"template": 5, "to": "a@example.com"}, "invalid_input"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := c.Handle("send", test.input)
			if o.Code != test.code || (o.Kind == sdktest.Succeeded) != (test.code == "") {
				t.Errorf("got %s, want %q", o, test.code)
			}
		})
	}
}

func TestASubjectStaysOneHeader(t *testing.T) {
	dir := t.TempDir()
	c := start(t, map[string]any{"maildir": dir})
	input := welcome()
	input["subject"] = "Grüße\r\nBcc: spy@example.com"
	succeeded(t, c.Handle("send", input))
	raw, err := os.ReadFile(filepath.Join(dir, "new", names(t, dir, "new")[0]))
	if err != nil {
		t.Fatal(err)
	}
	header, _ := parts(t, string(raw))
	subject, err := new(mime.WordDecoder).DecodeHeader(header.Get("Subject"))
	if err != nil || subject != "Grüße Bcc: spy@example.com" || header.Get("Bcc") != "" {
		t.Errorf("Subject %q (%v), Bcc %q", subject, err, header.Get("Bcc"))
	}
}

func TestValidate(t *testing.T) {
	c := start(t, map[string]any{"maildir": t.TempDir()})
	smtp := func(more map[string]any) map[string]any {
		block := map[string]any{"host": "mail.example.com", "tls": "mandatory"}
		for k, v := range more {
			block[k] = v
		}
		return map[string]any{"smtp": block}
	}
	for name, test := range map[string]struct {
		config map[string]any
		want   string // summary and path
	}{
		"smtp":             {smtp(nil), ""},
		"maildir":          {map[string]any{"maildir": "/var/mail/x", "from": "a@example.com", "smtp": nil}, ""},
		"neither":          {map[string]any{}, "No way to send "},
		"both":             {map[string]any{"maildir": "x", "smtp": map[string]any{"host": "a"}}, "Two ways to send maildir"},
		"from":             {map[string]any{"maildir": "x", "from": "Example"}, "Invalid address from"},
		"reply_to":         {map[string]any{"maildir": "x", "reply_to": "@"}, "Invalid address reply_to"},
		"development_to":   {map[string]any{"maildir": "x", "development_to": "a b"}, "Invalid address development_to"},
		"TLS mode":         {smtp(map[string]any{"tls": "ssl"}), "Unknown TLS mode smtp.tls"},
		"port":             {smtp(map[string]any{"port": 70000}), "Invalid port smtp.port"},
		"part of a port":   {smtp(map[string]any{"port": 25.5}), "Invalid configuration "},
		"password on loan": {smtp(map[string]any{"password": "correct horse"}), "A password without a name smtp.password"},
	} {
		t.Run(name, func(t *testing.T) {
			var got string
			for _, d := range c.Validate(test.config) {
				got += d.Summary + " " + strings.Join(d.Path, ".")
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	sdktest.AssertLeaksNoSecret(t, c, "correct horse")
}

func TestConform(t *testing.T) {
	sdktest.Conform(t, sdktest.Subject{
		Plugin: email.New(), Config: map[string]any{"from": "a@example.com", "maildir": t.TempDir()},
		Samples: []sdktest.Sample{{Action: "send", Input: welcome()}},
	})
}
