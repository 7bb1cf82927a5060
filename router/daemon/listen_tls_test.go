package daemon_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestReloadTLS: the files of the certificate are read again, and TLS comes and
// goes, at the same address.
func TestReloadTLS(t *testing.T) {
	l := startListener(t)
	const secured = `tls {
		cert_file = "chain.pem"
		key_file  = "key.pem"
	}`
	address := l.listen
	plain := newClient(t, nil)
	expectPost(t, plain, "http://"+address, "plain", false, true)

	first := l.certify(t, "first")
	l.listens(t, address, secured)
	l.reload(t)
	expectPost(t, plain, "http://"+address, "over the connection without TLS", true, false)
	if status, _, _, err := posting(t.Context(), plain, "http://"+address, "without TLS", ""); err == nil && status != http.StatusBadRequest {
		t.Errorf("without TLS it is answered %d", status)
	}
	early := newClient(t, first)
	expectPost(t, early, "https://"+address, "under the first certificate", false, true)

	second := l.certify(t, "second")
	l.reload(t)
	expectPost(t, early, "https://"+address, "over the same connection", true, true)
	expectPost(t, newClient(t, second), "https://"+address, "under the second certificate", false, true)
	if _, _, _, err := posting(t.Context(), newClient(t, first), "https://"+address, "nobody", ""); err == nil {
		t.Error("the first certificate is still served")
	}

	if err := os.Truncate(filepath.Join(l.dir, "key.pem"), 0); err != nil {
		t.Fatal(err)
	}
	l.refuses(t, "reading the certificate: tls: failed to find any PEM data in key input")
	expectPost(t, newClient(t, second), "https://"+address, "after a refusal", false, true)

	moved := freeAddress(t)
	third := l.certify(t, "third")
	l.listens(t, moved, secured)
	l.reload(t)
	expectPost(t, newClient(t, third), "https://"+moved, "elsewhere", false, true)
	l.listens(t, moved, "")
	l.reload(t)
	expectPost(t, newClient(t, nil), "http://"+moved, "plain again", false, true)
}

// certify writes a certificate of this name for this machine, and gives the
// configuration of a client that takes no other.
func (l *listener) certify(t *testing.T, name string) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	for file, block := range map[string]*pem.Block{"chain.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: secret}} {
		text := pem.EncodeToMemory(block)
		if file == "chain.pem" {
			pool.AppendCertsFromPEM(text)
		}
		if err := os.WriteFile(filepath.Join(l.dir, file), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return &tls.Config{RootCAs: pool}
}
