package plug

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
)

// patience is how long a test waits for a signal that is due.
const patience = 20 * time.Second

func TestMain(m *testing.M) {
	if mode := os.Getenv(modeKey); mode != "" {
		runMode(mode) // does not return
	}
	os.Exit(m.Run())
}

// rig is a catalog with ears.
type rig struct {
	*Catalog
	t    testing.TB
	log  *syncBuffer
	down chan error
	up   chan string
}

func newRig(t testing.TB) *rig {
	t.Helper()
	// A test's own directory has too long a name for sockets.
	dir, err := os.MkdirTemp("", "plug")
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, log: &syncBuffer{}, down: make(chan error, 100), up: make(chan string, 100)}
	r.Catalog = New(Options{
		Log:       zerolog.New(r.log),
		SocketDir: filepath.Join(dir, "s"),
		OnDown:    func(_ string, err error) { r.down <- err },
		OnUp:      func(name string) { r.up <- name },
	})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		r.Stop(ctx)
		if left, _ := filepath.Glob(filepath.Join(dir, "s", "*")); len(left) > 0 {
			t.Errorf("sockets are left: %v", left)
		}
		_ = os.RemoveAll(dir)
	})
	return r
}

// program runs this test binary as a plugin.
func program(name, mode string, env ...string) Program {
	return Program{Name: name, Path: testBinary(), Args: []string{"-test.run=^$"}, Env: append([]string{modeKey + "=" + mode}, env...), MTLS: true}
}

func testBinary() string {
	path, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return path
}

// load puts one plugin into use, and none beside it.
func (r *rig) load(p Program, config any) error {
	r.t.Helper()
	s := r.Stage()
	defer s.Discard()
	if _, err := s.Describe(r.t.Context(), p); err != nil {
		return err
	}
	if err := s.Configure(r.t.Context(), p.Name, secretOf(config)); err != nil {
		return err
	}
	s.Commit()
	return nil
}

func (r *rig) mustLoad(p Program, config any) {
	r.t.Helper()
	if err := r.load(p, config); err != nil {
		r.t.Fatal(err)
	}
}

func secretOf(config any) router.Secret {
	if config == nil {
		return router.NewSecret([]byte("{}"))
	}
	b, err := json.Marshal(config)
	if err != nil {
		panic(err)
	}
	return router.NewSecret(b)
}

func (r *rig) call(action string, within time.Duration) router.Outcome {
	return r.Call(r.t.Context(), router.Call{
		To: router.ActionRef{Plugin: "p", Action: action}, Delivery: "e/r/d", Key: "e/r/d:0", Attempt: 1,
		Event: json.RawMessage(`{"id":"e"}`), Input: json.RawMessage(`{}`), Deadline: time.Now().Add(within),
	})
}

func (r *rig) pid() int {
	r.t.Helper()
	for _, s := range r.Status() {
		if s.State == Running {
			return s.Pid
		}
	}
	r.t.Fatalf("no plugin is running: %+v", r.Status())
	return 0
}

// gate is a place where plugins' handlers wait for the test: they ask for its
// URL, and are answered when it opens.
type gate struct {
	URL     string
	arrived chan struct{}
	open    chan struct{}
	once    sync.Once
}

func newGate(t testing.TB) *gate {
	g := &gate{arrived: make(chan struct{}, 1000), open: make(chan struct{})}
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		g.arrived <- struct{}{}
		select {
		case <-g.open:
		case <-r.Context().Done():
		}
	}))
	g.URL = s.URL
	t.Cleanup(func() { g.release(); s.Close() })
	return g
}

func (g *gate) release() { g.once.Do(func() { close(g.open) }) }

// receive waits for a signal that is due.
func receive[T any](t testing.TB, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("%s did not come", what)
		panic("unreachable")
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
