package email

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/signalbox/signalbox/plugins/internal/outbound"
	"github.com/signalbox/signalbox/sdk"
)

// How the connection is secured, in the words of the configuration.
const (
	tlsMandatory     = "mandatory"
	tlsOpportunistic = "opportunistic"
	tlsImplicit      = "implicit"
	tlsNone          = "none"
)

func tlsModes() []string { return []string{tlsMandatory, tlsOpportunistic, tlsImplicit, tlsNone} }

const (
	portSubmission  = 587
	portSubmissions = 465
	// stepTimeout bounds the exchange with the server before and after the
	// mail itself; the delivery's own deadline bounds the whole.
	stepTimeout = 30 * time.Second
	// maxConnections is how many mails are under way at once: servers count
	// connections per client, and more are refused by many.
	maxConnections = 4
)

type smtpConfig struct {
	Host     string `json:"host"`
	Port     int    `json:"port"`
	TLS      string `json:"tls"`
	Username string `json:"username"`
	Password string `json:"password"`
	CAFile   string `json:"ca_file"`
	Helo     string `json:"helo"`
}

// server sends by SMTP, over a new connection for each mail.
type server struct {
	smtpConfig
	roots *x509.CertPool // nil: the system's
	slots chan struct{}
}

func newServer(c smtpConfig) (*server, error) {
	s := &server{smtpConfig: c, slots: make(chan struct{}, maxConnections)}
	if s.Port == 0 {
		s.Port = portSubmission
		if s.TLS == tlsImplicit {
			s.Port = portSubmissions
		}
	}
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("reading ca_file: %w", err)
		}
		s.roots = x509.NewCertPool()
		if !s.roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("reading ca_file: %s holds no certificate", c.CAFile)
		}
	}
	return s, nil
}

// connection is what go-mail dials. It is closed when the attempt's time is up
// and when the attempt is over, since go-mail leaves connections open whose
// greeting or login failed, and knows no deadline after the dial.
type connection struct {
	net.Conn
	stop func() bool
}

func (c *connection) close() {
	if c.Conn != nil {
		c.stop()
		c.Conn.Close()
	}
}

// client makes a go-mail client that dials into c.
func (s *server) client(ctx context.Context, c *connection) (*gomail.Client, error) {
	secure := &tls.Config{ServerName: s.Host, RootCAs: s.roots, MinVersion: tls.VersionTLS12}
	policy := gomail.TLSMandatory
	switch s.TLS {
	case tlsOpportunistic:
		policy = gomail.TLSOpportunistic
	case tlsNone, tlsImplicit:
		policy = gomail.NoTLS
	}
	options := []gomail.Option{
		gomail.WithPort(s.Port), gomail.WithTLSPolicy(policy), gomail.WithTLSConfig(secure), gomail.WithTimeout(stepTimeout),
		gomail.WithDialContextFunc(func(dialCtx context.Context, network, address string) (net.Conn, error) {
			dial := new(net.Dialer).DialContext
			if s.TLS == tlsImplicit {
				dial = (&tls.Dialer{Config: secure}).DialContext
			}
			conn, err := dial(dialCtx, network, address)
			if err != nil {
				return nil, err
			}
			c.Conn, c.stop = conn, context.AfterFunc(ctx, func() { conn.Close() })
			return conn, nil
		}),
	}
	if s.Helo != "" {
		options = append(options, gomail.WithHELO(s.Helo))
	}
	if s.Username != "" {
		// The first of these that the server has. PLAIN and LOGIN refuse to
		// work in the clear, save on the loopback.
		options = append(options, gomail.WithUsername(s.Username), gomail.WithPassword(s.Password),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthSCRAMSHA1,
				gomail.SMTPAuthCramMD5, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin))
	}
	return gomail.NewClient(s.Host, options...)
}

// check logs in and says goodbye.
func (s *server) check(ctx context.Context) error {
	var conn connection
	defer conn.close()
	client, err := s.client(ctx, &conn)
	if err != nil {
		return err
	}
	session, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return fmt.Errorf("connecting to the mail server: %w", err)
	}
	return client.CloseWithSMTPClient(session)
}

func (s *server) send(ctx context.Context, _ string, m *message) sdk.Outcome {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return sdk.Retry("the mail server has no connection free for this delivery")
	}
	var conn connection
	defer conn.close()
	client, err := s.client(ctx, &conn)
	if err != nil {
		return sdk.Retry(outbound.Reason("%v", err)).NeedsOperator()
	}
	err = client.DialAndSendWithContext(ctx, m.Msg)
	if m.IsDelivered() { // whatever came after: the server has taken the mail
		return sdk.Succeeded(sent{MessageID: m.id})
	}
	return outcome(err)
}

// Replies that are about our login or our right to send, and not about the
// mail (RFC 4954 §6, RFC 5321 §4.2.3).
const (
	replyAuthRequired  = 530
	replyAuthWeak      = 534
	replyAuthFailed    = 535
	replyAuthEncrypted = 538
)

// outcome classifies an error of go-mail, given that the mail is not known to
// be delivered. 4xx is "not now", 5xx is "never" (RFC 5321 §4.2.1); what is no
// reply at all may have come after the mail was taken, and keeps its key.
func outcome(err error) sdk.Outcome {
	why := outbound.Reason("%v", err)
	var send *gomail.SendError
	if errors.As(err, &send) {
		return refused(send, why)
	}
	var reply *textproto.Error
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &certificate):
		return sdk.Retry(why).NeedsOperator()
	case errors.As(err, &reply):
		if reply.Code >= 500 {
			return sdk.Retry(why).NeedsOperator()
		}
		return sdk.Retry(why)
	case brokenOff(err):
		return sdk.Retry(why)
	default: // the server lacks STARTTLS, the login or the mechanism asked for
		return sdk.Retry(why).NeedsOperator()
	}
}

// brokenOff reports whether the connection failed, rather than the talk on it.
func brokenOff(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// refused classifies a reply to the mail itself.
func refused(e *gomail.SendError, why string) sdk.Outcome {
	switch code := e.ErrorCode(); {
	case code == replyAuthRequired, code == replyAuthWeak, code == replyAuthFailed, code == replyAuthEncrypted:
		return sdk.Retry(why).NeedsOperator()
	case code >= 400 && code < 500:
		return sdk.Retry(why)
	case code < 400 && (e.Reason == gomail.ErrWriteContent || e.Reason == gomail.ErrSMTPDataClose):
		return sdk.Retry("the mail may have been delivered: " + why).MayHaveRun()
	case code < 400: // no reply, and the mail itself was not under way
		return sdk.Retry(why)
	case e.Reason == gomail.ErrSMTPMailFrom:
		return sdk.Rejected("sender_refused", "The e-mail could not be sent.", why)
	case e.Reason == gomail.ErrSMTPRcptTo:
		return sdk.Rejected("recipient_refused", "The e-mail address does not accept mail.", why)
	default:
		return sdk.Rejected("message_refused", "The e-mail could not be delivered.", why)
	}
}
