package sqlite

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/signalbox/signalbox/router"
)

// TestReadingWhileItHeals: who asks meanwhile waits no longer than its context
// lets it, and then all goes on.
func TestReadingWhileItHeals(t *testing.T) {
	j := open(t, t.TempDir())
	accept(t, j, plain(1))
	began, heal, healed := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		healed <- j.read.offline(func() error {
			close(began)
			<-heal
			return nil
		})
	}()
	<-began
	hasty, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	for _, q := range []router.Query{{}, {Source: "appdirect.acme", Key: "k"}} {
		if _, err := j.Find(hasty, q); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a caller with no time gets %v", err)
		}
	}
	close(heal)
	if err := <-healed; err != nil {
		t.Fatal(err)
	}
	if found, err := j.Find(t.Context(), router.Query{}); err != nil || len(found) != 1 {
		t.Fatalf("%d events are there, %v", len(found), err)
	}
}

// TestManyTexts: statements are kept prepared up to a cap, and all can be asked.
func TestManyTexts(t *testing.T) {
	j := open(t, t.TempDir())
	accept(t, j, plain(1))
	for limit := range 2 * preparedCap {
		if found, err := j.Find(t.Context(), router.Query{Limit: limit + 1}); err != nil || len(found) != 1 {
			t.Fatalf("%d events are there, %v", len(found), err)
		}
	}
	for range readerCap {
		if c := <-j.read.idle; c != nil {
			if len(c.prepared) > preparedCap {
				t.Errorf("%d statements are kept", len(c.prepared))
			}
			defer func() { j.read.idle <- c }()
		} else {
			defer func() { j.read.idle <- nil }()
		}
	}
}

// TestReaderIsReplaced: a connection that has failed is not used again, and its
// place is not lost.
func TestReaderIsReplaced(t *testing.T) {
	j := open(t, t.TempDir())
	accept(t, j, plain(1))
	for range 2 * readerCap {
		err := j.read.view(t.Context(), func(query queryFunc) error {
			return query("SELECT nothing", func(*row) error { return nil })
		})
		if !errors.Is(err, router.ErrJournal) {
			t.Fatalf("got %v", err)
		}
	}
	if found, err := j.Find(t.Context(), router.Query{}); err != nil || len(found) != 1 {
		t.Fatalf("%d events are there, %v", len(found), err)
	}
}
