package daemon_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// acrossReload ends the ids of events whose first part takes until after the
// next reload.
const acrossReload = "across"

// stamps is where the plugin posts to: it keeps how often each part of an event
// was done, and by which version.
type stamps struct {
	*httptest.Server
	crowded chan struct{} // told that every worker waits for a reload

	mu      sync.Mutex
	done    map[string]int // by "id part version"
	epoch   chan struct{}  // closed after a reload
	waiting int
	ending  bool // nobody is to wait any more
}

func newStamps(t *testing.T) *stamps {
	s := &stamps{crowded: make(chan struct{}, 1), done: map[string]int{}, epoch: make(chan struct{})}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		var post struct {
			Data struct{ ID, Part, Version string } `json:"data"`
		}
		if err := json.NewDecoder(req.Body).Decode(&post); err != nil {
			t.Errorf("reading the plugin's post: %v", err)
			return
		}
		s.mu.Lock()
		s.done[post.Data.ID+" "+post.Data.Part+" "+post.Data.Version]++
		epoch, waits := s.epoch, post.Data.Part == "one" && strings.HasSuffix(post.Data.ID, acrossReload) && !s.ending
		if waits {
			s.waiting++
		}
		if s.waiting == versionWorkers {
			select {
			case s.crowded <- struct{}{}:
			default:
			}
		}
		s.mu.Unlock()
		if waits {
			select {
			case <-epoch:
			case <-req.Context().Done():
			}
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// reloaded lets what waits for a reload go on. After the last one nothing waits.
func (s *stamps) reloaded(last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.epoch)
	s.epoch, s.waiting, s.ending = make(chan struct{}), 0, last
}
