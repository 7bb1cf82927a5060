package simulate

import (
	"errors"
	"net"
	"net/http"
	"testing"
)

func TestServersStartAndStop(t *testing.T) {
	type owned interface {
		Start() error
		Stop()
	}
	mailbox := NewMailbox(StandIn{})
	marketplace := NewMarketplace(Options{})
	stripe, hubspot := NewStripe(StandIn{}), NewHubSpot(StandIn{})
	for _, test := range []struct {
		name    string
		server  owned
		address func() string
	}{
		{"marketplace", marketplace, marketplace.server.address},
		{"Stripe", stripe, stripe.server.address},
		{"HubSpot", hubspot, hubspot.server.address},
		{"mailbox", mailbox, mailbox.Addr},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.address() != "" {
				t.Errorf("has the address %s before it is started", test.address())
			}
			test.server.Stop()
			for range 2 {
				if err := test.server.Start(); err != nil {
					t.Fatal(err)
				}
			}
			first := test.address()
			conn, err := net.Dial("tcp", first)
			if err != nil {
				t.Fatal(err)
			}
			conn.Close()
			test.server.Stop()
			test.server.Stop()
			if conn, err := net.Dial("tcp", first); err == nil {
				conn.Close()
				t.Error("still listens after Stop")
			}
			if err := test.server.Start(); err != nil {
				t.Errorf("starting again: %v", err)
			}
			test.server.Stop()
		})
	}
}

// A request that is never answered is cut off: Stop returns.
func TestStopCutsOffWhatIsBusy(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	defer close(release)
	var s server
	busy := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(entered)
		<-release
	})
	if err := s.start("", httpEngine(busy, StandIn{}.Log)); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		res, err := http.Get(s.url())
		if err == nil {
			res.Body.Close()
		}
		ended <- err
	}()
	<-entered
	s.stop()
	if err := <-ended; err == nil {
		t.Error("the request was answered")
	}
}

func TestServersRefuseAddresses(t *testing.T) {
	for name, addr := range map[string]string{
		"every interface": "0.0.0.0:0", "no host": ":0", "another host": "192.0.2.1:0",
	} {
		t.Run(name, func(t *testing.T) {
			if err := NewStripe(StandIn{Addr: addr}).Start(); !errors.Is(err, ErrNotLoopback) {
				t.Errorf("error %v, want ErrNotLoopback", err)
			}
		})
	}
	t.Run("no address", func(t *testing.T) {
		if err := NewStripe(StandIn{Addr: "nonsense"}).Start(); err == nil {
			t.Error("started on nonsense")
		}
	})
	t.Run("taken", func(t *testing.T) {
		first := NewStripe(StandIn{})
		if err := first.Start(); err != nil {
			t.Fatal(err)
		}
		defer first.Stop()
		if err := NewStripe(StandIn{Addr: first.server.address()}).Start(); err == nil {
			t.Error("started on an address in use")
		}
	})
}
