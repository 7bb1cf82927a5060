package email

import (
	"context"
	"fmt"
	"net/mail"
	"slices"
	"strings"

	"github.com/signalbox/signalbox/sdk"
)

type config struct {
	From          string      `json:"from"`
	ReplyTo       string      `json:"reply_to"`
	Product       string      `json:"product"`
	DevelopmentTo string      `json:"development_to"`
	Maildir       string      `json:"maildir"`
	SMTP          *smtpConfig `json:"smtp"`
}

// transport is a way out for a rendered mail.
type transport interface {
	// send hands the mail over, once per key as far as the transport can tell.
	send(ctx context.Context, key string, m *message) sdk.Outcome
	// check says whether mail could be handed over now.
	check(context.Context) error
}

type email struct {
	config
	templates templates
	out       transport
}

// New returns the plugin.
func New() *sdk.Plugin {
	e := &email{templates: builtin()}
	return &sdk.Plugin{
		Name:      "email",
		Doc:       "Sends mail by SMTP, or into a Maildir.",
		Config:    configSchema(),
		Validate:  validate,
		Configure: e.configure,
		Check:     func(ctx context.Context) error { return e.out.check(ctx) },
		Actions: []sdk.Action{{
			Name: "send", Handle: e.send,
			Doc: "Sends one mail.",
			Input: sdk.Schema{Attrs: []sdk.Attr{
				{Name: "template", Type: sdk.String, Required: true,
					Values: e.templates.names(), Doc: "Which mail."},
				{Name: "to", Type: sdk.Dynamic, Required: true,
					Doc: "Who gets it: an address, or a list of addresses, who then see each other."},
				{Name: "subject", Type: sdk.String, Doc: "The subject, instead of the template's own."},
				{Name: "data", Type: sdk.Dynamic,
					Doc: "An object that the template fills in from, beside the event: name (of the reader), company, edition, link, message, date and amount, where the template has a place for them."},
			}},
			Output: sdk.Schema{Attrs: []sdk.Attr{
				{Name: "message_id", Type: sdk.String, Required: true, Doc: "The mail's Message-ID."},
				{Name: "suppressed", Type: sdk.Bool, Required: true, Doc: "Whether nothing was sent, since the event is a DEVELOPMENT one."},
			}},
		}},
	}
}

func configSchema() sdk.Schema {
	return sdk.Schema{
		Attrs: []sdk.Attr{
			{Name: "from", Type: sdk.String, Required: true, Doc: `The sender: "no-reply@example.com" or "Example <no-reply@example.com>".`},
			{Name: "reply_to", Type: sdk.String, Doc: "Where answers go, if not to the sender."},
			{Name: "product", Type: sdk.String, Default: "our service", Doc: "What you sell, as the mails name it."},
			{Name: "development_to", Type: sdk.String, Doc: "Who gets the mails of DEVELOPMENT events. Without it nobody does."},
			{Name: "maildir", Type: sdk.String, Doc: "A Maildir that mails are put into instead of being sent. It is made if it is not there."},
		},
		Blocks: []sdk.Block{{Name: "smtp", Doc: "The server that mails are sent by.", Schema: sdk.Schema{Attrs: []sdk.Attr{
			{Name: "host", Type: sdk.String, Required: true, Doc: "The server's name; its certificate must bear it."},
			{Name: "port", Type: sdk.Number, Doc: "The server's port: by default 465 for implicit TLS, else 587."},
			{Name: "tls", Type: sdk.String, Default: tlsMandatory,
				Doc: "mandatory: STARTTLS or nothing is sent. opportunistic: STARTTLS where the server offers it. implicit: TLS from the first byte. none: in the clear."},
			{Name: "username", Type: sdk.String, Doc: "The name to log in with; without it there is no login."},
			{Name: "password", Type: sdk.String, Sensitive: true, Doc: "The password. It is never sent in the clear, save to this machine itself."},
			{Name: "ca_file", Type: sdk.String, Doc: "Certificates (PEM) to trust instead of the system's."},
			{Name: "helo", Type: sdk.String, Doc: "The name to greet the server with, if not the machine's own."},
		}}}},
	}
}

func validate(v sdk.Values) []sdk.Diagnostic {
	var c config
	if err := v.Decode(&c); err != nil {
		return []sdk.Diagnostic{{Summary: "Invalid configuration", Detail: "A value is not of its type, or a number is not whole."}}
	}
	var out []sdk.Diagnostic
	complain := func(summary, detail string, path ...string) {
		out = append(out, sdk.Diagnostic{Summary: summary, Detail: detail, Path: path})
	}
	for _, a := range []struct{ name, value string }{{"from", c.From}, {"reply_to", c.ReplyTo}, {"development_to", c.DevelopmentTo}} {
		if _, err := mail.ParseAddress(a.value); a.value != "" && err != nil {
			complain("Invalid address", `It must look like "a@example.com" or "Example <a@example.com>".`, a.name)
		}
	}
	switch {
	case c.SMTP == nil && c.Maildir == "":
		complain("No way to send", "Give an smtp block, or a maildir where there is no server.")
	case c.SMTP != nil && c.Maildir != "":
		complain("Two ways to send", "There is an smtp block: leave the maildir out, or the block.", "maildir")
	}
	if s := c.SMTP; s != nil {
		if s.TLS != "" && !slices.Contains(tlsModes(), s.TLS) {
			complain("Unknown TLS mode", "It is one of "+strings.Join(tlsModes(), ", ")+".", "smtp", "tls")
		}
		if s.Port < 0 || s.Port > 65535 {
			complain("Invalid port", "A port is a number from 1 to 65535.", "smtp", "port")
		}
		if s.Password != "" && s.Username == "" {
			complain("A password without a name", "Give the username that it belongs to.", "smtp", "password")
		}
	}
	return out
}

func (e *email) configure(_ context.Context, v sdk.Values) error {
	if err := v.Decode(&e.config); err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	var err error
	if e.SMTP != nil {
		e.out, err = newServer(*e.SMTP)
	} else {
		e.out, err = newMaildir(e.Maildir)
	}
	return err
}
