package systemd

import (
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// patience is how long a test waits for what must come.
const patience = 10 * time.Second

// listenForNotices plays systemd: it returns a function that reads the next
// message.
func listenForNotices(t *testing.T) func() string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	t.Setenv("NOTIFY_SOCKET", socket)
	return func() string {
		t.Helper()
		buf := make([]byte, 4096)
		if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		n, err := conn.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		return string(buf[:n])
	}
}

func TestNotify(t *testing.T) {
	for _, tc := range []struct {
		name   string
		notify func() error
		want   string // a pattern
	}{
		{"ready", func() error { return Ready("12 routes") }, `READY=1\nSTATUS=12 routes`},
		{"reloading", func() error { return Reloading("reloading") }, `RELOADING=1\nMONOTONIC_USEC=[1-9][0-9]*\nSTATUS=reloading`},
		{"stopping", func() error { return Stopping("draining") }, `STOPPING=1\nSTATUS=draining`},
		{"a status of several lines", func() error { return Ready("bad config:\nMAINPID=1\n") }, `READY=1\nSTATUS=bad config: MAINPID=1`},
		{"a status without end", func() error { return Ready(strings.Repeat("é", 5000)) }, `READY=1\nSTATUS=(é){512}`},
		{"a rune across the cut", func() error { return Ready("x" + strings.Repeat("é", 5000)) }, `READY=1\nSTATUS=x(é){511}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			next := listenForNotices(t)
			if err := tc.notify(); err != nil {
				t.Fatal(err)
			}
			if got := next(); !regexp.MustCompile(`\A` + tc.want + `\z`).MatchString(got) {
				t.Errorf("systemd read %q, want %s", got, tc.want)
			}
		})
	}
}

func TestNotifyAtAnAbstractSocket(t *testing.T) {
	const socket = "@signalbox/systemd/notify-test"
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	t.Setenv("NOTIFY_SOCKET", socket)
	if err := Ready("serving"); err != nil {
		t.Error(err)
	}
}

func TestNotifyOutsideSystemd(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	if err := Ready("ready"); err != nil {
		t.Errorf("there is nobody to tell, yet: %v", err)
	}
}

func TestNotifyToNobody(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "gone"))
	if err := Ready("ready"); err == nil || !strings.Contains(err.Error(), "saying that the daemon is ready") {
		t.Errorf("error %v, want one that says what failed", err)
	}
}
