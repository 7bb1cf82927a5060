package simulate

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/oauth"
)

func TestMarketplaceRefusesRequests(t *testing.T) {
	m := startMarketplace(t, nil)
	l, err := m.list(NewCustomer(1).Event("SUBSCRIPTION_ORDER"))
	if err != nil {
		t.Fatal(err)
	}
	address := m.eventAddress(l.event.Token)
	good := oauth.NewSigner(testKey, testSecret(), testNow)
	wrongSecret := oauth.NewSigner(testKey, router.NewSecret([]byte("other")), testNow)
	wrongKey := oauth.NewSigner("other-1", testSecret(), testNow)
	stale := oauth.NewSigner(testKey, testSecret(), func() time.Time { return testNow().Add(-time.Hour) })
	for _, test := range []struct {
		name, method, address, body string
		signer                      oauth.Signer
		want                        int
	}{
		{"fetch, wrong secret", http.MethodGet, address, "", wrongSecret, http.StatusUnauthorized},
		{"fetch, unknown consumer", http.MethodGet, address, "", wrongKey, http.StatusUnauthorized},
		{"fetch, stale", http.MethodGet, address, "", stale, http.StatusUnauthorized},
		{"fetch, unknown token", http.MethodGet, m.eventAddress("nobody"), "", good, http.StatusNotFound},
		{"result, wrong secret", http.MethodPost, address + "/result", `{"success":true}`, wrongSecret, http.StatusUnauthorized},
		{"result, unknown token", http.MethodPost, m.eventAddress("nobody") + "/result", `{"success":true}`, good, http.StatusNotFound},
		{"result, unreadable", http.MethodPost, address + "/result", `{"success":`, good, http.StatusBadRequest},
		{"result, too long", http.MethodPost, address + "/result", strings.Repeat(" ", maxBody+1), good, http.StatusRequestEntityTooLarge},
		{"another path", http.MethodGet, m.URL() + "/api/other", "", good, http.StatusNotFound},
		{"another method", http.MethodDelete, address, "", good, http.StatusMethodNotAllowed},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := &vendor{t: t, signer: test.signer}
			if status, body := v.call(test.method, test.address, []byte(test.body)); status != test.want {
				t.Errorf("answered %d %s, want %d", status, body, test.want)
			}
		})
	}
	t.Run("not signed", func(t *testing.T) {
		res, err := http.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusUnauthorized {
			t.Errorf("answered %d", res.StatusCode)
		}
	})
	if _, consumed := m.find(l.event.Token); consumed {
		t.Error("a refused request consumed the event")
	}
	if !strings.Contains(m.Summary(), "5 signatures refused") {
		t.Errorf("summary %q", m.Summary())
	}
}

func TestMarketplaceChoosesTheFormOfADocument(t *testing.T) {
	for _, test := range []struct{ name, accept, form, want string }{
		{"nothing asked", "", "", "<"},
		{"JSON asked", "application/json", "", "{"},
		{"XML asked", "application/xml", "", "<"},
		{"JSON first", "application/json, application/xml;q=0.9", "", "{"},
		{"XML first", "application/json;q=0.5, application/xml", "", "<"},
		{"JSON ruled out", "application/json;q=0", "", "<"},
		{"anything", "*/*", "", "<"},
		{"fixed to XML", "application/json", FormXML, "<"},
		{"fixed to JSON", "application/xml", FormJSON, "{"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, v := startMarketplace(t, nil), newVendor(t)
			e := NewCustomer(1).Event("USER_ASSIGNMENT")
			e.Form = test.form
			l, err := m.list(e)
			if err != nil {
				t.Fatal(err)
			}
			v.accept = test.accept
			status, doc := v.call(http.MethodGet, m.eventAddress(l.event.Token), nil)
			if status != http.StatusOK || !strings.HasPrefix(string(doc), test.want) {
				t.Errorf("got %d %s, want a document that begins with %s", status, doc, test.want)
			}
		})
	}
}

func TestMarketplaceCommitsFaults(t *testing.T) {
	t.Run("the first fetches fail", func(t *testing.T) {
		m, v := startMarketplace(t, nil), newVendor(t)
		e := NewCustomer(1).Event("USER_ASSIGNMENT")
		e.Faults = Faults{Fail: 2}
		l, err := m.list(e)
		if err != nil {
			t.Fatal(err)
		}
		var got []int
		for range 3 {
			status, _ := v.call(http.MethodGet, m.eventAddress(l.event.Token), nil)
			got = append(got, status)
		}
		if diff := cmp.Diff([]int{503, 503, 200}, got); diff != "" {
			t.Errorf("the answers (-want +got):\n%s", diff)
		}
	})
	t.Run("the first results are refused", func(t *testing.T) {
		m, v := startMarketplace(t, nil), newVendor(t)
		e := NewCustomer(1).Event("USER_ASSIGNMENT")
		e.Faults = Faults{CallbackFail: 1, CallbackStatus: http.StatusInternalServerError}
		l, err := m.list(e)
		if err != nil {
			t.Fatal(err)
		}
		var got []int
		for range 3 {
			status, _ := v.call(http.MethodPost, m.eventAddress(l.event.Token)+"/result", []byte(`{"success":true}`))
			got = append(got, status)
		}
		if diff := cmp.Diff([]int{500, 200, 410}, got); diff != "" || m.posts(l) != 2 {
			t.Errorf("%d results taken or refused, the answers (-want +got):\n%s", m.posts(l), diff)
		}
	})
	t.Run("somebody has resolved it", func(t *testing.T) {
		m, v := startMarketplace(t, nil), newVendor(t)
		e := NewCustomer(1).Event("USER_ASSIGNMENT")
		e.Faults = Faults{Gone: true}
		l, err := m.list(e)
		if err != nil {
			t.Fatal(err)
		}
		address := m.eventAddress(l.event.Token)
		fetched, body := v.call(http.MethodGet, address, nil)
		posted, _ := v.call(http.MethodPost, address+"/result", []byte(`{"success":true}`))
		if fetched != http.StatusGone || posted != http.StatusGone || !strings.Contains(string(body), `"Gone"`) {
			t.Errorf("answered %d %s, then %d", fetched, body, posted)
		}
	})
	t.Run("a slow fetch ends with its caller", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
			if linger(r, 3*time.Second) {
				t.Error("waited for a caller who had gone away")
			}
			began := time.Now()
			if !linger(r.WithContext(t.Context()), 3*time.Second) || time.Since(began) != 3*time.Second {
				t.Errorf("waited %s, want 3s", time.Since(began))
			}
		})
	})
}

func TestMarketplaceForgetsTheOldest(t *testing.T) {
	m := startMarketplace(t, nil)
	for i := range maxKept {
		token := fmt.Sprintf("event-%d", i)
		m.listed[token], m.order = &listing{}, append(m.order, token)
	}
	if _, err := m.list(NewCustomer(1).Event("SUBSCRIPTION_CANCEL")); err != nil {
		t.Fatal(err)
	}
	if l, _ := m.find("event-0"); l != nil {
		t.Error("the oldest event is still listed")
	}
	if l, _ := m.find("event-1"); l == nil || len(m.listed) != maxKept {
		t.Errorf("%d events are listed, want %d", len(m.listed), maxKept)
	}
}
