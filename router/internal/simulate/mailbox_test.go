package simulate

import (
	"fmt"
	"net"
	"net/smtp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func startMailbox(t *testing.T) *Mailbox {
	t.Helper()
	m := NewMailbox(StandIn{Now: testNow})
	if err := m.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Stop)
	return m
}

func TestMailboxKeepsMails(t *testing.T) {
	m := startMailbox(t)
	for _, test := range []struct {
		name, message string
		want          Mail
	}{
		{
			"plain", "Subject: Welcome\r\nMessage-ID: <1@signalbox>\r\n\r\nHello.\r\n",
			Mail{Subject: "Welcome", MessageID: "<1@signalbox>"},
		},
		{
			"encoded subject", "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nHello.\r\n",
			Mail{Subject: "Grüße"},
		},
		{"no header", "Hello.\r\n", Mail{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			to := []string{"ada@acme.example", "edith@acme.example"}
			if err := smtp.SendMail(m.Addr(), nil, "vendor@example.com", to, []byte(test.message)); err != nil {
				t.Fatal(err)
			}
			mails := m.Mails()
			got := mails[len(mails)-1]
			test.want.At, test.want.From, test.want.To = testNow(), "vendor@example.com", to
			if diff := cmp.Diff(test.want, got, cmpopts.IgnoreFields(Mail{}, "Raw")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if string(got.Raw) != test.message {
				t.Errorf("kept %q, want %q", got.Raw, test.message)
			}
		})
	}
	if got, want := m.Summary(), "Mailbox: 3 mails to 2 recipients"; got != want {
		t.Errorf("summary %q, want %q", got, want)
	}
	if joined := net.JoinHostPort(m.Host(), strconv.Itoa(m.Port())); joined != m.Addr() {
		t.Errorf("host and port make %s, the address is %s", joined, m.Addr())
	}
}

func TestMailText(t *testing.T) {
	const parts = "MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n" +
		"--b\r\nContent-Type: text/html\r\n\r\n<p>Hello.</p>\r\n"
	for _, test := range []struct{ name, raw, want string }{
		{"plain", "Subject: s\r\n\r\nOne\r\ntwo =3D\r\n", "One\ntwo =3D\n"},
		{"quoted", "Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=\r\n=C3=9Fe\r\n", "Grüße\n"},
		{
			"the plain one of several parts",
			parts + "--b\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe\r\n--b--\r\n",
			"Grüße",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := Mail{Raw: []byte(test.raw)}.Text()
			if err != nil || got != test.want {
				t.Errorf("got %q, %v, want %q", got, err, test.want)
			}
		})
	}
	for name, raw := range map[string]string{"no header": "Hello.\r\n", "no plain part": parts + "--b--\r\n", "cut off": parts} {
		t.Run(name, func(t *testing.T) {
			if got, err := (Mail{Raw: []byte(raw)}).Text(); err == nil {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestMailboxRefusesWhatIsTooLong(t *testing.T) {
	m := startMailbox(t)
	long := []byte("Subject: long\r\n\r\n" + strings.Repeat("x\r\n", maxBody/3+1))
	if err := smtp.SendMail(m.Addr(), nil, "a@example.com", []string{"b@example.com"}, long); err == nil {
		t.Error("a message beyond the limit was taken")
	}
	if n := len(m.Mails()); n != 0 {
		t.Errorf("%d mails are kept", n)
	}
}

func TestMailboxForgetsTheOldest(t *testing.T) {
	m := NewMailbox(StandIn{})
	for i := range maxMails + 1 {
		m.keep(Mail{Subject: fmt.Sprint(i)})
	}
	mails := m.Mails()
	if len(mails) != maxMails || mails[0].Subject != "1" {
		t.Errorf("%d mails are kept, the oldest is %s", len(mails), mails[0].Subject)
	}
}

// A client that says nothing more is cut off by Stop.
func TestMailboxStopsWithClientsConnected(t *testing.T) {
	t.Parallel() // with the other test that waits for a stop to lose patience
	m := startMailbox(t)
	client, err := smtp.Dial(m.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	m.Stop()
	if err := client.Noop(); err == nil {
		t.Error("the connection still answers")
	}
}

// A caller that comes in while the mailbox stops is counted or not let in; the
// race detector sees the difference.
func TestMailboxStopsWhileCalled(t *testing.T) {
	for range 300 {
		m := NewMailbox(StandIn{})
		if err := m.Start(); err != nil {
			t.Fatal(err)
		}
		conn, err := net.Dial("tcp", m.Addr())
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		m.Stop()
	}
}
