package email_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// mailServer is a real SMTP server on the loopback.
type mailServer struct {
	host   string
	port   int
	caFile string

	mu   sync.Mutex
	got  []mailGot
	fail map[string]error // by step: AUTH, MAIL, RCPT, DATA
	// slow, if not nil, holds up the answer to DATA until it is closed; taken
	// tells that the mail is in.
	slow  <-chan struct{}
	taken chan struct{}
}

type mailGot struct {
	from string
	to   []string
	data string
	auth string // the user who logged in
	tls  bool
}

type serverOption func(*smtp.Server)

func withoutTLS(s *smtp.Server) { s.TLSConfig = nil }

const (
	smtpUser     = "mailer"
	smtpPassword = "correct horse battery"
)

// startServer serves until the test ends. Implicit TLS is from the first byte.
func startServer(t *testing.T, implicit bool, options ...serverOption) *mailServer {
	t.Helper()
	certificate, caFile := selfSigned(t)
	m := &mailServer{caFile: caFile, fail: map[string]error{}, taken: make(chan struct{}, 16)}
	s := smtp.NewServer(m)
	s.Domain = "mail.test"
	s.AllowInsecureAuth = true
	s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}}
	s.ErrorLog = silent{}
	for _, o := range options {
		o(s)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().(*net.TCPAddr)
	m.host, m.port = "127.0.0.1", address.Port
	if implicit {
		l = tls.NewListener(l, s.TLSConfig)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Close()
		<-ended
	})
	return m
}

type silent struct{}

func (silent) Printf(string, ...any) {}
func (silent) Println(...any)        {}

// config is the plugin's smtp block for this server.
func (m *mailServer) config(tlsMode string) map[string]any {
	return map[string]any{"host": m.host, "port": m.port, "tls": tlsMode, "ca_file": m.caFile, "helo": "client.test"}
}

// failing makes one step fail, and no other.
func (m *mailServer) failing(step string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = map[string]error{step: err}
}

func (m *mailServer) mails() []mailGot {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.got
}

func (m *mailServer) at(step string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.fail[step]
}

func (m *mailServer) NewSession(c *smtp.Conn) (smtp.Session, error) {
	_, secure := c.TLSConnectionState()
	return &session{server: m, mail: mailGot{tls: secure}}, nil
}

type session struct {
	server *mailServer
	mail   mailGot
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if err := s.server.at("AUTH"); err != nil {
			return err
		}
		if user != smtpUser || password != smtpPassword {
			return smtp.ErrAuthFailed
		}
		s.mail.auth = user
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.mail.from = from
	return s.server.at("MAIL")
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mail.to = append(s.mail.to, to)
	return s.server.at("RCPT")
}

func (s *session) Data(r io.Reader) error {
	if err := s.server.at("DATA"); err != nil {
		return err
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.mail.data = string(b)
	s.server.mu.Lock()
	s.server.got = append(s.server.got, s.mail)
	slow := s.server.slow
	s.server.mu.Unlock()
	s.server.taken <- struct{}{}
	if slow != nil {
		<-slow
	}
	return nil
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

func reply(code int, enhanced smtp.EnhancedCode, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: text}
}

// selfSigned makes a certificate for 127.0.0.1 and the file to trust it by.
func selfSigned(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:        true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	caFile := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := errors.Join(err, os.WriteFile(caFile, block, 0o600)); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, caFile
}
