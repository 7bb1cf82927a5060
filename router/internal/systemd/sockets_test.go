package systemd

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// childVariable makes the test binary play a daemon that systemd has started.
const childVariable = "SIGNALBOX_TEST_SOCKETS"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		os.Exit(takeOverSockets())
	}
	os.Exit(m.Run())
}

// takeOverSockets greets whoever is connected, each under its socket's name.
func takeOverSockets() int {
	// systemd sets LISTEN_PID between fork and exec; only we know ours.
	os.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid()))
	named, err := Listeners()
	if err != nil {
		fmt.Println(err)
		return 1
	}
	for name, listeners := range named {
		for _, l := range listeners {
			conn, err := l.Accept()
			if err != nil {
				fmt.Println(err)
				return 1
			}
			fmt.Fprint(conn, name)
			conn.Close()
		}
	}
	if again, err := Listeners(); err != nil || len(again) != 0 || os.Getenv("LISTEN_FDS") != "" {
		fmt.Println("the sockets are handed out twice:", again, err)
		return 1
	}
	return 0
}

// startChild passes the sockets to a child, as systemd does: from the file
// descriptor 3 on.
func startChild(t *testing.T, names string, files ...*os.File) (output func() (string, error)) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"=1", "LISTEN_FDS="+strconv.Itoa(len(files)), "LISTEN_FDNAMES="+names)
	cmd.ExtraFiles = files
	var out strings.Builder
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return func() (string, error) { err := cmd.Wait(); return out.String(), err }
}

func listenTCP(t *testing.T) (addr string, file *os.File) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return l.Addr().String(), f
}

func TestListeners(t *testing.T) {
	var addrs []string
	var files []*os.File
	names := []string{"web", "web", "admin"}
	for range names {
		addr, file := listenTCP(t)
		addrs, files = append(addrs, addr), append(files, file)
	}
	wait := startChild(t, strings.Join(names, ":"), files...)
	var conns []net.Conn // all of them first: the child accepts in any order
	for _, addr := range addrs {
		conn, err := net.DialTimeout("tcp", addr, patience)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conns = append(conns, conn)
	}
	for i, conn := range conns {
		if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(conn)
		if err != nil || string(got) != names[i] {
			t.Errorf("the socket %q answers as %q (%v)", names[i], got, err)
		}
	}
	if out, err := wait(); err != nil {
		t.Errorf("the child failed: %v\n%s", err, out)
	}
}

func TestListenersRefuseWhatDoesNotListen(t *testing.T) {
	_, tcp := listenTCP(t)
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	udp, err := conn.(*net.UDPConn).File()
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	out, err := startChild(t, "web:dns", tcp, udp)()
	if err == nil || !strings.Contains(out, `taking over the socket "dns" from systemd`) {
		t.Errorf("the child ended with %v and said: %s", err, out)
	}
}

func TestListenersOutsideSystemd(t *testing.T) {
	t.Setenv("LISTEN_FDS", "")
	t.Setenv("LISTEN_PID", "")
	if got, err := Listeners(); err != nil || len(got) != 0 {
		t.Errorf("Listeners = %v, %v, want none", got, err)
	}
}
