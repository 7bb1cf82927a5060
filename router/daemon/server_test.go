package daemon

import (
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
)

// TestLeavingADoor: those who are connected, though nobody has taken them up yet,
// are taken in; then the door is closed.
func TestLeavingADoor(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := newDoor(l, nil)
	defer d.Close()
	const callers = 10
	for range callers {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	d.leave()
	late, err := net.Dial("tcp", l.Addr().String()) // it has looked the address up before
	if err != nil {
		t.Fatal(err)
	}
	defer late.Close()
	for n := range callers + 1 {
		conn, err := d.Accept()
		if err != nil {
			t.Fatalf("of %d callers %d are taken in: %v", callers, n, err)
		}
		conn.Close()
	}
	if conn, err := d.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("when all are in, Accept gives %v, %v", conn, err)
	}
}

// TestLeavingADoorInNeed: an error that passes does not close a door that is being
// left, with callers behind it.
func TestLeavingADoorInNeed(t *testing.T) {
	fails := &failing{errs: []error{&net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", syscall.EMFILE)}, os.ErrDeadlineExceeded}}
	d := newDoor(fails, nil)
	d.leaving.Store(true)
	if _, err := d.Accept(); !errors.Is(err, syscall.EMFILE) {
		t.Errorf("without a free descriptor Accept gives %v", err)
	}
	if _, err := d.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("when its time is over Accept gives %v", err)
	}
}

// failing is a listener that gives these errors in turn.
type failing struct {
	net.Listener
	errs []error
}

func (f *failing) Accept() (net.Conn, error) {
	err := f.errs[0]
	f.errs = f.errs[1:]
	return nil, err
}
