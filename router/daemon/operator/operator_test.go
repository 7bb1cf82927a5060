package operator

import "testing"

func TestDialFindsTheSocket(t *testing.T) {
	t.Setenv(SocketVariable, "/srv/other.sock")
	if got := Dial("given.sock").Socket; got != "given.sock" {
		t.Errorf("a given socket: got %s", got)
	}
	if got := Dial("").Socket; got != "/srv/other.sock" {
		t.Errorf("$%s: got %s", SocketVariable, got)
	}
}
