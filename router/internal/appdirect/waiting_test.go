package appdirect

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/signalbox/signalbox/router/internal/oauth"
)

func TestBrowserAsksAgain(t *testing.T) {
	query := "a=x:/y+%22&url=" + url.QueryEscape(testAddress)
	s, setClock := newInteractive(t, map[string]any{"oauth1": []any{
		map[string]any{"consumer_key": testKey, "consumer_secret": "newer-secret", "previous_secret": testSecret},
		map[string]any{"consumer_key": "other", "consumer_secret": "other-secret"},
	}})
	first, _, err := s.Receive(visit(t, query), nil)
	if err != nil {
		t.Fatal(err)
	}
	again := first.Again
	foreign, err := signer("other", "other-secret").Query("GET", parseURL(t, testPublic+"/appdirect/acme?"+query))
	if err != nil {
		t.Fatal(err)
	}
	pass := again[strings.LastIndex(again, "&"):]
	plain := strings.TrimSuffix(again, pass)
	for _, tt := range []struct {
		name, again string
		after       time.Duration
		ok          bool
	}{
		{"soon", again, time.Second, true},
		{"when the signature is too old", again, time.Hour, true},
		{"just before the end", again, waitFor - time.Second, true},
		{"at the end", again, waitFor, false},
		{"without the pass", plain, time.Hour, false},
		{"the pass in front", "?" + pass[1:] + "&" + plain[1:], time.Hour, true},
		{"two passes", again + pass, time.Hour, false},
		{"a later end", strings.Replace(again, fmt.Sprint(testNow.Add(waitFor).Unix()), fmt.Sprint(testNow.Add(2*waitFor).Unix()), 1), time.Hour, false},
		{"another code", again[:len(again)-4] + "AAAA", time.Hour, false},
		{"no code", again[:strings.LastIndex(again, ".")], time.Hour, false},
		{"of another product", "?" + foreign.RawQuery + pass, time.Hour, false},
		{"another parameter", strings.Replace(again, "?a=", "?a=1&b=", 1), time.Second, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			setClock(testNow.Add(tt.after))
			defer setClock(testNow)
			n, resp, err := s.Receive(follow(tt.again), nil)
			if ok := err == nil; ok != tt.ok {
				t.Fatalf("Receive: %+v, %v", resp, err)
			}
			var refused *oauth.Error
			switch {
			case tt.ok && (n.Key != first.Key || n.Again != again):
				t.Errorf("again at %s, want %s", n.Again, again)
			case !tt.ok && (!errors.As(err, &refused) || resp.Status != 403 || !strings.Contains(string(resp.Body), "<h1>This address is not valid</h1>")):
				t.Errorf("%d %s, %v", resp.Status, resp.Body, err)
			}
		})
	}
}

func TestPagesAskLessAndLess(t *testing.T) {
	s, setClock := newInteractive(t, nil)
	n, _, err := s.Receive(visit(t, "url="+url.QueryEscape(testAddress)), nil)
	if err != nil {
		t.Fatal(err)
	}
	for after, want := range map[time.Duration]int{0: 5, 20 * time.Second: 5, 100 * time.Second: 10, time.Hour: 60} {
		setClock(testNow.Add(after))
		if got := s.askAgainAfter(n.Again); got != want {
			t.Errorf("after %s it asks in %d s, want %d", after, got, want)
		}
	}
}
