package daemon_test

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// TestDryRunOfAnAddress: what a reload would say of it, without listening there.
func TestDryRunOfAnAddress(t *testing.T) {
	l := startListener(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(l.listen)
	_, takenPort, _ := net.SplitHostPort(taken.Addr().String())
	for _, c := range []struct{ name, listen, refused string }{
		{"another port", freeAddress(t), ""},
		{"any port", "127.0.0.1:0", ""},
		{"all addresses of the port", "0.0.0.0:" + port, ""},
		{"another name of it", "localhost:" + port, ""},
		{"what another program has", taken.Addr().String(), "listen tcp " + taken.Addr().String() + ": bind: address already in use"},
		{"all addresses of what another program has", ":" + takenPort, "listen tcp :" + takenPort + ": bind: address already in use"},
		{"an address that is another machine's", "192.0.2.1:8480", "listen tcp 192.0.2.1:8480: bind: cannot assign requested address"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l.listens(t, c.listen, "")
			want := c.refused
			if want != "" {
				want = "listening at the new address: " + want
			}
			if run := l.rehearsed(t, false); run.Refused != want || run.Plan == nil {
				t.Errorf("it is refused: %q; want %q", run.Refused, want)
			}
			expectUnshared(t, l.listen)
		})
	}
}

// TestUnservedAddressTakesNobody: 127.0.0.1 of a port is nearer to a caller than
// 0.0.0.0. What would be served there, and is not, takes no caller from what is.
func TestUnservedAddressTakesNobody(t *testing.T) {
	l := startListener(t)
	wide := strings.Replace(l.listen, "127.0.0.1", "0.0.0.0", 1)
	l.listens(t, wide, "")
	l.reload(t)
	stop := make(chan struct{})
	var callers sync.WaitGroup
	for n := range versionWorkers {
		callers.Go(func() {
			client := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				status, _, _, err := posting(t.Context(), client, "http://"+l.listen, fmt.Sprint(n, "-", i), "")
				if err != nil || status != http.StatusOK {
					t.Errorf("a caller is told %d, %v", status, err)
				}
			}
		})
	}
	another := "\nplugin \"second\" {\n  use = \"webhook\"\n  config {\n    url    = \"" + l.worker.URL + "\"\n    secret = \"" + hookSecret + "\"\n  }\n}\n"
	for range 3 {
		l.listens(t, l.listen, another)
		if run := l.rehearsed(t, false); run.Refused != "" || len(run.Changes.Starts) != 1 {
			t.Errorf("a dry run: %q, %+v", run.Refused, run.Changes)
		}
		l.listens(t, l.listen, another+`journal "sqlite" { path = "other.db" }`)
		if _, err := l.Reload(t.Context(), false); err == nil {
			t.Error("it is reloaded with another journal")
		}
	}
	close(stop)
	callers.Wait()
}
