package daemon_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestReloadListen: another address is listened at before the first is left.
// Who is on a connection there is answered, and told to leave.
func TestReloadListen(t *testing.T) {
	_, port, _ := net.SplitHostPort(freeAddress(t))
	for _, c := range []struct {
		name, from, to string
		leaves         bool // nobody listens at the old address in the end
	}{
		{"another port", freeAddress(t), freeAddress(t), true},
		{"all addresses of the port", "127.0.0.1:" + port, "0.0.0.0:" + port, false},
		{"one address of the port", "0.0.0.0:" + port, "127.0.0.1:" + port, false},
		{"another name of it", "127.0.0.1:" + port, "localhost:" + port, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := startListener(t)
			l.listens(t, c.from, "")
			l.reload(t)
			old := "http://" + strings.Replace(c.from, "0.0.0.0", "127.0.0.1", 1)
			idle, busy := newClient(t, nil), newClient(t, nil)
			expectPost(t, idle, old, "before", false, true)
			answered := make(chan string, 1)
			go func() {
				status, _, _, err := posting(t.Context(), busy, old, "in-flight", "wait")
				answered <- fmt.Sprint(status, " ", err)
			}()
			until(t, patience, func() error {
				if began := l.worker.order(); len(began) < 2 {
					return fmt.Errorf("the worker has %v", began)
				}
				return nil
			})

			l.listens(t, c.to, "")
			mark := l.log.mark()
			l.reload(t)
			l.log.expect(t, mark, 1, entry{"info", "reloaded", map[string]string{"listen": c.to[strings.LastIndex(c.to, ":"):]}})
			if got := l.URL(); !strings.HasSuffix(got, c.to[strings.LastIndex(c.to, ":"):]) {
				t.Errorf("it is served at %s", got)
			}
			now := "http://" + strings.Replace(c.to, "0.0.0.0", "127.0.0.1", 1)
			if status, _, _, err := posting(t.Context(), newClient(t, nil), now, "after", ""); err != nil || status != http.StatusOK {
				t.Errorf("at the new address: %d, %v", status, err)
			}
			expectPost(t, idle, old, "over the old connection", true, false)
			close(l.worker.release)
			if got := <-answered; got != "200 <nil>" {
				t.Errorf("what was in flight is answered %s", got)
			}
			if c.leaves {
				awaitNobody(t, c.from)
			}
			for _, address := range []string{c.from, c.to} { // back and forth, sooner than the old socket is closed
				l.listens(t, address, "")
				l.reload(t)
			}
			if other, err := net.Listen("tcp", c.to); err == nil {
				other.Close()
				t.Errorf("another program can listen at %s", c.to)
			}
			for n, stays := 0, false; !stays; n++ { // at one port the old socket may take a few more in
				until(t, patience, func() (err error) {
					_, stays, _, err = posting(t.Context(), newClient(t, nil), now, fmt.Sprint("at last ", n), "")
					return err
				})
			}
		})
	}
}

// awaitNobody waits until nobody listens at an address.
func awaitNobody(t *testing.T, address string) {
	t.Helper()
	until(t, patience, func() error {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return nil
		}
		conn.Close()
		return fmt.Errorf("somebody listens at %s", address)
	})
}

// TestReloadSameAddress: who is connected notices nothing.
func TestReloadSameAddress(t *testing.T) {
	l := startListener(t)
	client := newClient(t, nil)
	expectPost(t, client, "http://"+l.listen, "before", false, true)
	l.listens(t, l.listen, `max_in_flight = 7`)
	l.reload(t)
	expectPost(t, client, "http://"+l.listen, "after", true, true)
}

// TestReloadRefusesTheAddress: what can't be listened at changes nothing, and is
// given up if something else is wrong.
func TestReloadRefusesTheAddress(t *testing.T) {
	l := startListener(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	l.listens(t, taken.Addr().String(), "")
	l.refuses(t, "listening at the new address: listen tcp "+taken.Addr().String()+": bind: address already in use")
	expectPost(t, newClient(t, nil), "http://"+l.listen, "after", false, true)

	free := freeAddress(t)
	l.listens(t, free, `journal "sqlite" { path = "other.db" }`)
	if _, err := l.Reload(t.Context(), true); err == nil {
		t.Error("it is reloaded with another journal")
	}
	awaitNobody(t, free)
	expectUnshared(t, l.listen)
	l.listens(t, free, "")
	l.reload(t)
	expectUnshared(t, free)
}

// expectUnshared wants the port refused to another program, even to one that
// would share it.
func expectUnshared(t *testing.T, address string) {
	t.Helper()
	sharing := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) (err error) {
		return errors.Join(c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) }), err)
	}}
	if other, err := sharing.Listen(t.Context(), "tcp", address); err == nil {
		other.Close()
		t.Errorf("another program can share %s", address)
	}
}

// TestReloadFixed: what can't change while the daemon runs is refused by its
// name, with what it is and would be.
func TestReloadFixed(t *testing.T) {
	l := startListener(t)
	state := filepath.Join(l.dir, "state")
	for _, c := range []struct{ name, settings, want string }{
		{"journal", `journal "sqlite" { path = "/tmp/other.db" }`,
			`the journal's path is "` + state + `/journal.db" and would become "/tmp/other.db": that needs a restart; nothing was reloaded`},
		{"admin socket", `admin { socket = "/tmp/admin.sock" }`,
			`the admin socket is "` + state + `/admin.sock" and would become "/tmp/admin.sock": that needs a restart; nothing was reloaded`},
		{"two at once", "admin { socket = \"/tmp/admin.sock\" }\njournal \"sqlite\" { path = \"/tmp/other.db\" }",
			`the journal's path is "` + state + `/journal.db" and would become "/tmp/other.db"; the admin socket is "` + state +
				`/admin.sock" and would become "/tmp/admin.sock": that needs a restart; nothing was reloaded`},
		{"a certificate that is not there", `tls {
			cert_file = "/nowhere/chain.pem"
			key_file  = "/nowhere/key.pem"
		}`, "reading the certificate: open /nowhere/chain.pem: no such file or directory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l.listens(t, l.listen, c.settings)
			l.refuses(t, c.want)
		})
	}
	t.Run("state_dir", func(t *testing.T) {
		l.configure(t, strings.NewReplacer("{dir}/state", "/tmp/elsewhere", "{listen}", l.listen, "{worker}", l.worker.URL, "{settings}",
			`admin { socket = "`+state+`/admin.sock" }`+"\n"+`journal "sqlite" { path = "`+state+`/journal.db" }`).Replace(listenConfig))
		l.refuses(t, `state_dir is "`+state+`" and would become "/tmp/elsewhere": that needs a restart; nothing was reloaded`)
	})
	expectPost(t, newClient(t, nil), "http://"+l.listen, "after", false, true)
}

// TestReloadOfAHandedSocket: who has handed it over chooses the address.
func TestReloadOfAHandedSocket(t *testing.T) {
	r := newRig(t, `listen = "127.0.0.1:8480"`+rigConfig)
	r.start(t)
	t.Cleanup(r.stop)
	r.configure(t, `listen = "127.0.0.1:8490"`+rigConfig)
	(&listener{rig: r}).refuses(t, `listen is "127.0.0.1:8480" and would become "127.0.0.1:8490", but the socket that is served was handed over by the service manager: `+
		`change it there and restart, or put listen back; nothing was reloaded`)
	r.serves(t, "order-after")
}
