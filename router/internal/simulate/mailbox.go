package simulate

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

const (
	// maxMails bounds the messages kept: enough for any session to look back on.
	maxMails = 200
	// maxMailRecipients is SMTP's least that a server must take. (RFC 5321
	// §4.5.3.1.8.)
	maxMailRecipients = 100
)

// Mail is one message taken in.
type Mail struct {
	At time.Time
	// From and To are of the envelope.
	From string
	To   []string
	// Subject and MessageID are of the message's header, decoded.
	Subject, MessageID string
	// Raw is the message as sent, bounded to maxBody.
	Raw []byte
}

// Text is the message's text: the body, or the part of it, that is plain text.
func (m Mail) Text() (string, error) {
	message, err := mail.ReadMessage(bytes.NewReader(m.Raw))
	if err != nil {
		return "", fmt.Errorf("reading the mail: %w", err)
	}
	kind, params, _ := mime.ParseMediaType(message.Header.Get("Content-Type")) // without one it is plain text
	body := message.Body
	switch {
	case strings.HasPrefix(kind, "multipart/"):
		if body, err = plainPart(multipart.NewReader(body, params["boundary"])); err != nil {
			return "", fmt.Errorf("reading the parts of the mail: %w", err)
		}
	case strings.EqualFold(message.Header.Get("Content-Transfer-Encoding"), "quoted-printable"):
		body = quotedprintable.NewReader(body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return "", fmt.Errorf("reading the text of the mail: %w", err)
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n"), nil
}

// plainPart is the first part of plain text, decoded.
func plainPart(parts *multipart.Reader) (io.Reader, error) {
	for {
		part, err := parts.NextPart()
		if err != nil {
			return nil, err
		}
		if kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type")); kind == "text/plain" {
			return part, nil
		}
	}
}

// Mailbox takes e-mail for any recipient over SMTP, without TLS and without
// asking who sends, and delivers none of it.
type Mailbox struct {
	options StandIn
	server  server

	mu    sync.Mutex
	mails []Mail
	count int
}

// NewMailbox makes a mailbox that Start serves.
func NewMailbox(o StandIn) *Mailbox { return &Mailbox{options: o} }

// Start listens and serves. Calling it again changes nothing.
func (m *Mailbox) Start() error { return m.server.start(m.options.Addr, m.engine) }

// Stop ends what Start began and waits for it. Mails stay known.
func (m *Mailbox) Stop() { m.server.stop() }

// Addr is host:port once started.
func (m *Mailbox) Addr() string { return m.server.address() }

// Host and Port are the parts of Addr, for a configuration that wants both; a
// mailbox that was never started has "" and 0.
func (m *Mailbox) Host() string { host, _ := m.hostPort(); return host }

// Port is the second part of Addr.
func (m *Mailbox) Port() int { _, port := m.hostPort(); return port }

func (m *Mailbox) hostPort() (string, int) {
	host, text, err := net.SplitHostPort(m.server.address())
	if err != nil {
		return "", 0
	}
	port, _ := strconv.Atoi(text) // a listener's own address has a number there
	return host, port
}

// Mails are the latest messages, in order.
func (m *Mailbox) Mails() []Mail {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.mails)
}

// Summary tells in a line what came in.
func (m *Mailbox) Summary() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	recipients := map[string]bool{}
	for _, mail := range m.mails {
		for _, to := range mail.To {
			recipients[to] = true
		}
	}
	return fmt.Sprintf("Mailbox: %s to %s", plural(m.count, "mail"), plural(len(recipients), "recipient"))
}

func (m *Mailbox) keep(mail Mail) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.count++
	m.mails = keepLatest(m.mails, maxMails, mail)
}

func (m *Mailbox) engine() engine {
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &mailSession{mailbox: m}, nil
	}))
	s.Domain = "localhost"
	s.MaxMessageBytes = maxBody
	s.MaxRecipients = maxMailRecipients
	s.ReadTimeout, s.WriteTimeout = readWithin, readWithin
	s.EnableSMTPUTF8 = true
	s.ErrorLog = log.New(m.options.Log, "", 0)
	return &smtpEngine{Server: s}
}

// smtpEngine is a server whose Close cuts off every connection even after a
// Shutdown that was not heard, which smtp.Server's own does not.
type smtpEngine struct {
	*smtp.Server
	connections connections
}

func (e *smtpEngine) Serve(l net.Listener) error {
	return e.Server.Serve(&trackingListener{Listener: l, connections: &e.connections})
}

func (e *smtpEngine) Close() error {
	e.connections.closeAll()
	return nil
}

// mailSession takes one connection's messages.
type mailSession struct {
	mailbox *Mailbox
	from    string
	to      []string
}

func (s *mailSession) Reset() { s.from, s.to = "", nil }

func (s *mailSession) Logout() error { return nil }

func (s *mailSession) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = append(s.to, to)
	return nil
}

func (s *mailSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r) // the server stops at MaxMessageBytes
	if err != nil {
		return err
	}
	kept := Mail{At: s.mailbox.options.now(), From: s.from, To: slices.Clone(s.to), Raw: raw}
	if message, err := mail.ReadMessage(bytes.NewReader(raw)); err == nil {
		kept.Subject = decodeHeader(message.Header.Get("Subject"))
		kept.MessageID = message.Header.Get("Message-Id")
	}
	s.mailbox.keep(kept)
	return nil
}

// decodeHeader reads RFC 2047 words; what can't be read stays as it came.
func decodeHeader(v string) string {
	decoded, err := new(mime.WordDecoder).DecodeHeader(v)
	if err != nil {
		return v
	}
	return decoded
}
