package daemon_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// effects is a receiver of webhooks that does as Stripe does: the first call
// with a key takes effect, later ones find it done. Some calls it fails, some
// it answers when the caller has been told "later".
type effects struct {
	*httptest.Server
	mu    sync.Mutex
	calls int
	done  map[string]map[string]json.RawMessage // by key: what was posted
}

func newEffects(t *testing.T) *effects {
	e := &effects{done: map[string]map[string]json.RawMessage{}}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		post := map[string]json.RawMessage{}
		if err := json.NewDecoder(req.Body).Decode(&post); err != nil {
			return // whoever posted it is dead
		}
		delete(post, "attempt")
		repeat, fail, slow, err := e.take(req.Header.Get("webhook-id"), post)
		if err != nil {
			t.Error(err)
		}
		switch {
		case repeat:
		case fail:
			w.WriteHeader(http.StatusServiceUnavailable)
		case slow:
			late := time.NewTimer(2 * time.Second)
			defer late.Stop()
			select {
			case <-late.C:
			case <-req.Context().Done():
			}
		}
	}))
	t.Cleanup(e.Close)
	return e
}

// take performs the effect of a call, or finds it performed.
func (e *effects) take(key string, post map[string]json.RawMessage) (repeat, fail, slow bool, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if before, known := e.done[key]; known {
		if diff := cmp.Diff(before, post); diff != "" {
			err = fmt.Errorf("the key %s comes again with another post (-first +again):\n%s", key, diff)
		}
		return true, false, false, err
	}
	e.calls++
	if e.calls%5 == 3 {
		return false, true, false, nil
	}
	e.done[key] = post
	return false, false, e.calls%16 == 9, nil
}

// deliveries are the ids of those that took effect, each once for each key that
// it came with.
func (e *effects) deliveries(t *testing.T) []string {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	var ids []string
	for _, post := range e.done {
		var id string
		if err := json.Unmarshal(post["delivery"], &id); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}
