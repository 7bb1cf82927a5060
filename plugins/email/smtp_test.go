package email_test

import (
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/sdk/sdktest"
)

func TestSending(t *testing.T) {
	tests := map[string]struct {
		mode     string
		implicit bool
		options  []serverOption
		login    bool
		wantTLS  bool
	}{
		"STARTTLS":                {mode: "mandatory", wantTLS: true},
		"STARTTLS, login":         {mode: "mandatory", login: true, wantTLS: true},
		"STARTTLS where there is": {mode: "opportunistic", wantTLS: true},
		"no STARTTLS there":       {mode: "opportunistic", options: []serverOption{withoutTLS}},
		"implicit TLS":            {mode: "implicit", implicit: true, wantTLS: true},
		"implicit TLS, login":     {mode: "implicit", implicit: true, login: true, wantTLS: true},
		"in the clear":            {mode: "none"},
		"login on the loopback":   {mode: "none", login: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := startServer(t, test.implicit, test.options...)
			block := s.config(test.mode)
			if test.login {
				block["username"], block["password"] = smtpUser, smtpPassword
			}
			c := start(t, map[string]any{"smtp": block, "reply_to": "help@example.com"})
			if err := c.Check(); err != nil {
				t.Error(err)
			}
			id, suppressed := succeeded(t, c.Handle("send", welcome(), sdktest.Key(key)))
			got := s.mails()
			if len(got) != 1 {
				t.Fatalf("the server got %d mails", len(got))
			}
			m := got[0]
			header, texts := parts(t, m.data)
			if m.from != "no-reply@example.com" || !cmp.Equal(m.to, []string{"ada@example.com"}) {
				t.Errorf("envelope: from %s to %v", m.from, m.to)
			}
			if m.tls != test.wantTLS || (m.auth == smtpUser) != test.login {
				t.Errorf("sent with TLS = %v as %q", m.tls, m.auth)
			}
			for name, want := range map[string]string{
				"Subject": "Welcome to Gizmo", "Reply-To": "<help@example.com>", "Message-Id": "<" + id + ">",
				"To": `"Ada" <ada@example.com>`, "From": `"Example" <no-reply@example.com>`, "Auto-Submitted": "auto-generated",
				"X-Signalbox-Event": "test-event",
			} {
				if got := header.Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
			if !strings.Contains(texts["text/plain"], "Hello Ada,") || !strings.Contains(texts["text/html"], "<p style=\"white-space:pre-line\">Hello Ada,</p>") {
				t.Errorf("the texts: %v", texts)
			}
			if suppressed || !strings.HasSuffix(id, "@example.com") {
				t.Errorf("message_id %q, suppressed %v", id, suppressed)
			}
			if test.login {
				sdktest.AssertLeaksNoSecret(t, c)
			}
		})
	}
}

func TestOutcomes(t *testing.T) {
	rejected := func(code, public string) sdktest.Outcome {
		return sdktest.Outcome{Kind: sdktest.Rejected, Code: code, Public: public}
	}
	retry := sdktest.Outcome{Kind: sdktest.Retry}
	operator := sdktest.Outcome{Kind: sdktest.Retry, NeedsOperator: true}
	tests := map[string]struct {
		step string
		fail error
		want sdktest.Outcome
	}{
		"sender, not now":      {"MAIL", reply(451, smtp.EnhancedCode{4, 3, 0}, "busy"), retry},
		"sender, never":        {"MAIL", reply(553, smtp.EnhancedCode{5, 1, 8}, "bad sender"), rejected("sender_refused", "The e-mail could not be sent.")},
		"login wanted":         {"MAIL", reply(530, smtp.EnhancedCode{5, 7, 0}, "authentication required"), operator},
		"recipient, greylist":  {"RCPT", reply(450, smtp.EnhancedCode{4, 7, 1}, "greylisted"), retry},
		"recipient, full":      {"RCPT", reply(452, smtp.EnhancedCode{4, 2, 2}, "mailbox full"), retry},
		"recipient, never":     {"RCPT", reply(550, smtp.EnhancedCode{5, 1, 1}, "no such user"), rejected("recipient_refused", "The e-mail address does not accept mail.")},
		"message, not now":     {"DATA", reply(451, smtp.EnhancedCode{4, 3, 0}, "try later"), retry},
		"message, never":       {"DATA", reply(554, smtp.EnhancedCode{5, 6, 0}, "spam"), rejected("message_refused", "The e-mail could not be delivered.")},
		"login refused":        {"AUTH", reply(535, smtp.EnhancedCode{5, 7, 8}, "bad credentials"), operator},
		"login, not now":       {"AUTH", reply(454, smtp.EnhancedCode{4, 7, 0}, "temporary failure"), retry},
		"login, other refusal": {"AUTH", reply(534, smtp.EnhancedCode{5, 7, 9}, "too weak"), operator},
	}
	s := startServer(t, false)
	block := s.config("mandatory")
	block["username"], block["password"] = smtpUser, smtpPassword
	c := start(t, map[string]any{"smtp": block})
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s.failing(test.step, test.fail)
			got := c.Handle("send", welcome())
			if got.Detail == "" {
				t.Error("the operator is told nothing")
			}
			got.Detail = ""
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	sdktest.AssertLeaksNoSecret(t, c)
}

func TestConnectionsThatFail(t *testing.T) {
	server := startServer(t, false)
	plain := startServer(t, false, withoutTLS)
	gone := startServer(t, false).config("mandatory")
	gone["port"] = 1
	untrusted := server.config("mandatory")
	delete(untrusted, "ca_file")
	wrong := server.config("mandatory")
	wrong["username"], wrong["password"] = smtpUser, "wrong password"
	tests := map[string]struct {
		block    map[string]any
		operator bool
	}{
		"nobody is there":              {gone, false},
		"the certificate is not ours":  {untrusted, true},
		"STARTTLS is missing":          {plain.config("mandatory"), true},
		"the password is wrong":        {wrong, true},
		"TLS is spoken to a plain one": {plain.config("implicit"), true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := start(t, map[string]any{"smtp": test.block})
			o := c.Handle("send", welcome(), sdktest.Within(5*time.Second))
			if o.Kind != sdktest.Retry || o.FreshKey || o.NeedsOperator != test.operator {
				t.Errorf("got %s, want a retry, needs operator = %v", o, test.operator)
			}
			if err := c.Check(); err == nil {
				t.Error("the check succeeds")
			}
			if test.block["password"] != nil {
				sdktest.AssertLeaksNoSecret(t, c)
			}
		})
	}
	if n := len(server.mails()) + len(plain.mails()); n > 0 {
		t.Errorf("%d mails were sent", n)
	}
}

// The server has the mail, but its answer comes after the deadline: that is no
// definite failure, and the repeat is recognisable as the same mail.
func TestTimeoutAfterData(t *testing.T) {
	s := startServer(t, false)
	release := make(chan struct{})
	s.slow = release
	c := start(t, map[string]any{"smtp": s.config("mandatory")})
	o := c.Handle("send", welcome(), sdktest.Key(key), sdktest.Within(time.Second))
	<-s.taken
	if (o.Kind != sdktest.Retry && o.Kind != sdktest.Unknown) || o.FreshKey || o.NeedsOperator {
		t.Errorf("got %s, want a retry with the same key", o)
	}
	close(release)
	id, _ := succeeded(t, c.Handle("send", welcome(), sdktest.Key(key), sdktest.Attempt(2)))
	for _, m := range s.mails() {
		if header, _ := parts(t, m.data); header.Get("Message-Id") != "<"+id+">" {
			t.Errorf("Message-Id: %s, want %s", header.Get("Message-Id"), id)
		}
	}
}
