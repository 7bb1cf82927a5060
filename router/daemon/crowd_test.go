package daemon_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// ticket is the token of a crowd's event: what kind it is, whose, and its number.
// Events of one account are of one lane.
type ticket struct {
	kind    string // of kinds
	account string
	n       int
}

// kinds of a crowd's events, and their types.
var kinds = map[string]string{
	"order": "SUBSCRIPTION_ORDER", "change": "SUBSCRIPTION_CHANGE", "notice": "SUBSCRIPTION_NOTICE",
}

func (k ticket) String() string { return k.kind + "." + k.account + "." + strconv.Itoa(k.n) }

func readTicket(s string) (k ticket, err error) {
	parts := strings.Split(s, ".")
	if len(parts) != 3 || kinds[parts[0]] == "" {
		return k, fmt.Errorf("%q is no token of a crowd's event", s)
	}
	k.kind, k.account = parts[0], parts[1]
	k.n, err = strconv.Atoi(parts[2])
	return k, err
}

// toldIn is what a caller was told, and after how long.
type toldIn struct {
	answer
	took time.Duration
}

func (a toldIn) later() bool { return a.Status == http.StatusAccepted }

func (a toldIn) success() bool {
	return a.Status == http.StatusOK && strings.HasPrefix(a.Body, `{"success":true`)
}

func (a toldIn) notNow() bool {
	return a.Status == http.StatusOK && strings.Contains(a.Body, "busy at the moment")
}

// call notifies the daemon of an event, as the marketplace does, and gives what
// it is told.
func (s *service) call(ctx context.Context, k ticket) (a toldIn, err error) {
	target := "http://" + s.address + "/appdirect?url=" + url.QueryEscape(s.bazaar.URL+eventsPath+k.String())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return a, err
	}
	authorization, err := signer().Header(http.MethodGet, req.URL)
	if err != nil {
		return a, err
	}
	req.Header.Set("Authorization", authorization)
	req.Header.Set("Accept", "application/json")
	began := time.Now()
	resp, err := s.client.Do(req)
	if err != nil {
		return a, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return toldIn{answer{resp.StatusCode, string(body)}, time.Since(began)}, err
}

// mustCall is call, where the daemon is there.
func (s *service) mustCall(t testing.TB, k ticket) toldIn {
	t.Helper()
	a, err := s.call(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// crowd counts what callers were told.
type crowd struct {
	mu                       sync.Mutex
	succeeded, later, notNow int
	slowest                  time.Duration
	wrong                    []string // answers that are none of these
}

// call makes a call of the crowd. A caller whose context is done gives up, which
// counts for nothing.
func (c *crowd) call(ctx context.Context, s *service, k ticket) (a toldIn, err error) {
	a, err = s.call(ctx, k)
	if ctx.Err() != nil {
		return a, ctx.Err()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slowest = max(c.slowest, a.took)
	switch {
	case err != nil:
		c.wrong = append(c.wrong, fmt.Sprintf("%s: %v", k, err))
	case a.success():
		c.succeeded++
	case a.later():
		c.later++
	case a.notNow():
		c.notNow++
	default:
		c.wrong = append(c.wrong, fmt.Sprintf("%s: %+v", k, a.answer))
	}
	return a, err
}

// insist calls again for as long as the answer is "not now".
func (c *crowd) insist(ctx context.Context, s *service, k ticket) {
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		if a, err := c.call(ctx, s, k); err != nil || !a.notNow() {
			return
		}
		<-again.C
	}
}

// expectAnswered wants everybody to have had an answer, in time.
func (c *crowd) expectAnswered(t testing.TB) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.wrong) > 0 {
		t.Errorf("%d callers had no proper answer: %q", len(c.wrong), c.wrong[:min(len(c.wrong), 5)])
	}
	if c.slowest > replyWithin+hangGrace {
		t.Errorf("a caller had its answer after %s, want it within %s", c.slowest, replyWithin)
	}
}

func (c *crowd) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Sprintf("%d callers were told success, %d later, %d not now; the slowest answer took %s", c.succeeded, c.later, c.notNow, c.slowest)
}

// until tries until it works.
func until(t testing.TB, atMost time.Duration, try func() error) {
	t.Helper()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	begun := time.Now()
	for err := try(); err != nil; err = try() {
		if time.Since(begun) > atMost {
			t.Fatalf("after %s: %v", atMost, err)
		}
		<-again.C
	}
}
