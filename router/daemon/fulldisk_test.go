package daemon_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/signalbox/signalbox/router/daemon"
	"github.com/signalbox/signalbox/router/internal/journal/journaltest"
	"github.com/signalbox/signalbox/router/internal/subscriptionbridge"
)

// TestFullDisk fills the state directory's file system under a daemon that
// serves. Callers are told "not now", and the daemon is not ready; when there is
// space again all goes on, and nothing that was accepted is lost.
func TestFullDisk(t *testing.T) {
	r := newRig(t, rigConfig)
	state := filepath.Join(r.dir, "state")
	if err := os.Mkdir(state, 0o700); err != nil {
		t.Fatal(err)
	}
	journaltest.SmallDisk(t, state, "4m")
	t.Cleanup(r.stop)
	r.start(t)
	r.serves(t, "order-before")
	if status, body := r.ready(t); status != http.StatusOK {
		t.Fatalf("it is not ready at first: %d %s", status, body)
	}
	ballast := filepath.Join(state, "ballast")
	journaltest.Fill(t, ballast)

	accepted := answer{http.StatusOK, `{"success":true,"accountIdentifier":"account-1"}`}
	notNow := answer{http.StatusOK, `{"success":false,"errorCode":"UNKNOWN_ERROR","message":"The service is busy at the moment. Please try again in a few minutes."}`}
	var taken []string
	refused := ""
	for n := 0; refused == ""; n++ {
		token := fmt.Sprintf("order-%d", n)
		r.market.has(token, page{body: r.market.sized(256 << 10)})
		switch got := r.send(t, r.notice(t, "/appdirect", token)); {
		case got == accepted, got.Status == http.StatusAccepted:
			taken = append(taken, token)
		case got == notNow:
			refused = token
		default:
			t.Fatalf("an order is answered %+v", got)
		}
	}
	for n, told := 0, ""; told != subscriptionbridge.StatusError; n++ {
		journaltest.Fill(t, ballast) // the journal has made room by emptying its WAL
		x := r.eventRequest(t, fmt.Sprintf("GUID%d", n))
		if told = x.Status; told == subscriptionbridge.StatusError && x.ErrorCode != "10101" {
			t.Errorf("an EventRequest is answered %s", x.Body)
		}
	}
	if status, body := r.ready(t); status != http.StatusServiceUnavailable || !strings.Contains(body, "journal") {
		t.Errorf("without space it says of itself: %d %s", status, body)
	}

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	r.eventually(t, func() error { // as the marketplace does, whose customer tries again
		got := r.send(t, r.notice(t, "/appdirect", refused))
		if got != accepted && got.Status != http.StatusAccepted {
			return fmt.Errorf("the order that was refused is answered %+v", got)
		}
		return nil
	})
	if status, body := r.ready(t); status != http.StatusOK {
		t.Errorf("with space again it says of itself: %d %s", status, body)
	}
	r.serves(t, "order-after")
	for _, token := range append(taken, refused) {
		if story := r.story(t, token); story.State.Verdict == nil || len(story.State.Deliveries) != 1 {
			t.Errorf("the order %s ends as %+v", token, story.State)
		}
	}
	r.restart(t)
	r.serves(t, "order-after-restart")
	r.stop()
	expectSound(t, filepath.Join(state, "journal.db"))
}

// expectSound fails the test unless the closed journal's file is sound.
func expectSound(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var said string
	if err := db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&said); err != nil || said != "ok" {
		t.Errorf("the journal is corrupt: %s, %v", said, err)
	}
}

// ready asks the daemon whether it is.
func (r *rig) ready(t *testing.T) (status int, body string) {
	t.Helper()
	client := http.Client{Timeout: patience, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", daemon.AdminSocket("", filepath.Join(r.dir, "state")))
		},
	}}
	resp, err := client.Get("http://signalbox/-/ready")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// eventually tries until it works.
func (r *rig) eventually(t *testing.T, try func() error) {
	t.Helper()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	begun := time.Now()
	for err := try(); err != nil; err = try() {
		if time.Since(begun) > patience {
			t.Fatal(err)
		}
		<-again.C
	}
}
