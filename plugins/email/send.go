package email

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"unicode"

	gomail "github.com/wneessen/go-mail"

	"github.com/signalbox/signalbox/plugins/internal/outbound"
	"github.com/signalbox/signalbox/sdk"
)

// maxRecipients is how many readers one mail may have; servers refuse more
// than a hundred.
const maxRecipients = 50

// message is a mail ready to go.
type message struct {
	*gomail.Msg
	id string // the Message-ID, without its brackets
}

type sent struct {
	MessageID  string `json:"message_id"`
	Suppressed bool   `json:"suppressed"`
}

func (e *email) send(ctx context.Context, d *sdk.Delivery) sdk.Outcome {
	var in struct {
		Template string          `json:"template"`
		To       json.RawMessage `json:"to"`
		Subject  string          `json:"subject"`
		Data     json.RawMessage `json:"data"`
	}
	if err := d.Input.Decode(&in); err != nil {
		return invalid(err)
	}
	t, ok := e.templates[in.Template]
	if !ok {
		return invalid(fmt.Errorf("there is no template %q; there are %s", in.Template, strings.Join(e.templates.names(), ", ")))
	}
	to, err := recipients(in.To)
	if err != nil {
		return sdk.Rejected("invalid_address", "The e-mail address can't be used.", outbound.Reason("reading to: %v", err))
	}
	id := e.messageID(d.Key)
	if d.Event.Development() && !t.operators {
		if e.DevelopmentTo == "" {
			return sdk.Succeeded(sent{MessageID: id, Suppressed: true})
		}
		to = []string{e.DevelopmentTo}
	}
	text, err := t.render(e.Product, d.Event, in.Data)
	if err != nil {
		return invalid(err)
	}
	if in.Subject != "" {
		text.subject = oneLine(in.Subject)
	}
	m, err := e.compose(id, to, text, d)
	if err != nil {
		return invalid(err)
	}
	return e.out.send(ctx, d.Key, m)
}

func invalid(err error) sdk.Outcome {
	return sdk.Rejected("invalid_input", "The e-mail could not be written.", outbound.Reason("writing the mail: %v", err))
}

// recipients reads a string or a list of strings; a string may hold several
// addresses with commas between.
func recipients(raw json.RawMessage) ([]string, error) {
	var list []string
	if err := json.Unmarshal(raw, &list); err != nil {
		var one string
		if json.Unmarshal(raw, &one) != nil {
			return nil, errors.New("it is neither a string nor a list of strings")
		}
		list = []string{one}
	}
	var to []string
	for _, s := range list {
		addresses, err := mail.ParseAddressList(s)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", s, err)
		}
		for _, a := range addresses {
			to = append(to, a.String())
		}
	}
	if len(to) == 0 || len(to) > maxRecipients {
		return nil, fmt.Errorf("there are %d addresses, but there must be 1 to %d", len(to), maxRecipients)
	}
	return to, nil
}

// messageID is the same for all attempts under one key.
func (e *email) messageID(key string) string {
	domain := "signalbox.invalid"
	if from, err := mail.ParseAddress(e.From); err == nil {
		domain = from.Address[strings.LastIndexByte(from.Address, '@')+1:]
	}
	return digest(key) + "@" + domain
}

// digest names a key where its own characters would not do.
func digest(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:16])
}

func (e *email) compose(id string, to []string, text rendered, d *sdk.Delivery) (*message, error) {
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := m.From(e.From); err != nil {
		return nil, fmt.Errorf("the sender: %w", err)
	}
	if e.ReplyTo != "" {
		if err := m.ReplyTo(e.ReplyTo); err != nil {
			return nil, fmt.Errorf("reply_to: %w", err)
		}
	}
	if err := m.To(to...); err != nil {
		return nil, fmt.Errorf("the recipients: %w", err)
	}
	m.SetMessageIDWithValue(id)
	m.SetDate()
	m.Subject(text.subject)
	// No answer is wanted from holiday responders (RFC 3834 §5).
	m.SetGenHeader(gomail.Header("Auto-Submitted"), "auto-generated")
	m.SetGenHeader(gomail.Header("X-Signalbox-Event"), oneLine(d.Event.ID))
	m.SetBodyString(gomail.TypeTextPlain, text.plain)
	m.AddAlternativeString(gomail.TypeTextHTML, text.html)
	return &message{m, id}, nil
}

// oneLine makes a text fit for a header.
func oneLine(s string) string {
	clean := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(clean), " ")
}
