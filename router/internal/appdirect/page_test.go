package appdirect

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
)

func TestPages(t *testing.T) {
	s, _ := newInteractive(t, nil)
	nowhere := orderFrom("")
	notice := *nowhere
	notice.Type = typeSubscriptionNotice
	for _, tt := range []struct {
		name   string
		event  *router.Event
		v      router.Verdict
		status int
	}{
		{"waiting", nowhere, router.Verdict{Kind: router.Accepted}, 202},
		{"busy", nowhere, router.Verdict{Kind: router.NotNow}, 503},
		{"complete", nowhere, router.Verdict{Kind: router.Success}, 200},
		{"failed", nowhere, router.Verdict{Kind: router.Error, Message: `"<b>no</b>" & so on`}, 200},
		{"accepted_notice", &notice, router.Verdict{Kind: router.Accepted}, 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resp := s.Reply(tt.event, tt.v)
			if resp.Status != tt.status {
				t.Errorf("status %d, want %d", resp.Status, tt.status)
			}
			checkPage(t, &resp)
			golden := filepath.Join("testdata", "pages", tt.name+".html")
			if *update {
				if err := os.WriteFile(golden, resp.Body, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(resp.Body)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// checkPage checks what all pages have.
func checkPage(t testing.TB, resp *router.Response) {
	t.Helper()
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
		"Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	body := string(resp.Body)
	for _, want := range []string{`<html lang="en">`, "<title>", "<main>"} {
		if strings.Count(body, want) != 1 {
			t.Errorf("%d times %s in\n%s", strings.Count(body, want), want, body)
		}
	}
	if strings.Count(body, "<h1>") != 1 || strings.Contains(body, "<script") {
		t.Errorf("headings or scripts in\n%s", body)
	}
}
