package subscriptionbridge

import (
	"net/http"
	"strings"
	"testing"
)

func TestClientAddress(t *testing.T) {
	proxies, err := readNetworks([]string{"10.0.0.0/8", "2001:db8:1::/48", "192.0.2.1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, remote string
		forwarded    []string
		want         string // "" for none
	}{
		{"no proxy", "203.0.113.7:5000", nil, "203.0.113.7"},
		{"no proxy, a header made up", "203.0.113.7:5000", []string{"198.51.100.1"}, "203.0.113.7"},
		{"no proxy, in IPv6", "[2001:db8::7]:5000", nil, "2001:db8::7"},
		{"IPv4 in IPv6", "[::ffff:203.0.113.7]:5000", nil, "203.0.113.7"},
		{"a zone", "[fe80::7%eth0]:5000", nil, "fe80::7"},
		{"one proxy", "10.1.2.3:5000", []string{"203.0.113.7"}, "203.0.113.7"},
		{"a proxy that was named alone", "192.0.2.1:5000", []string{"203.0.113.7"}, "203.0.113.7"},
		{"a proxy as IPv4 in IPv6", "[::ffff:10.1.2.3]:5000", []string{"203.0.113.7"}, "203.0.113.7"},
		{"a left part made up", "10.1.2.3:5000", []string{"198.51.100.1, 203.0.113.7"}, "203.0.113.7"},
		{"a left part that is no address", "10.1.2.3:5000", []string{"<script>,203.0.113.7"}, "203.0.113.7"},
		{"a line made up", "10.1.2.3:5000", []string{"198.51.100.1", "203.0.113.7"}, "203.0.113.7"},
		{"a proxy made up", "10.1.2.3:5000", []string{"198.51.100.1, 10.9.9.9", "203.0.113.7"}, "203.0.113.7"},
		{"two proxies", "10.1.2.3:5000", []string{"203.0.113.7, 10.0.0.1"}, "203.0.113.7"},
		{"two proxies in two lines", "10.1.2.3:5000", []string{"198.51.100.1,203.0.113.7", "10.0.0.1"}, "203.0.113.7"},
		{"a port", "10.1.2.3:5000", []string{"203.0.113.7:61000"}, "203.0.113.7"},
		{"IPv6 behind it", "[2001:db8:1::3]:5000", []string{"2001:db8::7"}, "2001:db8::7"},
		{"IPv6 in brackets", "10.1.2.3:5000", []string{"[2001:db8::7]"}, "2001:db8::7"},
		{"IPv6 with a port", "10.1.2.3:5000", []string{"[2001:db8::7]:61000"}, "2001:db8::7"},
		{"all are proxies", "10.1.2.3:5000", []string{"10.0.0.9, 10.0.0.1"}, "10.0.0.9"},
		{"a proxy's own call", "10.1.2.3:5000", nil, "10.1.2.3"},
		{"no address behind the proxy", "10.1.2.3:5000", []string{"203.0.113.7, unknown"}, ""},
		{"an empty header", "10.1.2.3:5000", []string{""}, ""},
		{"an empty hop", "10.1.2.3:5000", []string{"203.0.113.7, "}, ""},
		{"a Unix socket", "@", []string{"203.0.113.7"}, ""},
		{"nothing", "", nil, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := proxies.client(&http.Request{RemoteAddr: tc.remote, Header: http.Header{forwardedFor: tc.forwarded}})
			if tc.want == "" {
				if err == nil {
					t.Errorf("it is %s, want an error", got)
				}
				return
			}
			if err != nil || got.String() != tc.want {
				t.Errorf("it is %s (%v), want %s", got, err, tc.want)
			}
		})
	}
}

const twoStores = `, "trusted_proxies": ["127.0.0.1"], "store": [
	{"username": "lily-shop", "password": "lily-1", "api_key": "LILY", "allow_from": ["203.0.113.0/24", "2001:db8::7"]},
	{"username": "rose-shop", "password": "rose-1", "api_key": "ROSE", "previous_password": "rose-0"}]`

func TestReceiveFromSeveralStores(t *testing.T) {
	s := newTestSource(t, twoStores)
	from := func(username, password, key string) []byte {
		return call(func(r *EventRequest) { r.Username, r.Token = username, Token([]byte(password), []byte(key), testNow()) })
	}
	lily, rose := from("lily-shop", "lily-1", "LILY"), from("rose-shop", "rose-1", "ROSE")
	for _, tc := range []struct {
		name, remote, forwarded string
		body                    []byte
		username, refused, told string
	}{
		{"the one without a block", "198.51.100.1:1", "", call(nil), testUsername, "", ""},
		{"one in a block", "198.51.100.1:1", "", rose, "rose-shop", "", ""},
		{"its previous password", "198.51.100.1:1", "", from("rose-shop", "rose-0", "ROSE"), "rose-shop", "", ""},
		{"another store's credentials", "198.51.100.1:1", "", from("rose-shop", "lily-1", "LILY"), "", `for the store "rose-shop"`, publicUnknown},
		{"no store", "198.51.100.1:1", "", from("pink-shop", testPassword, testKey), "", "none that is configured", publicUnknown},
		{"from where it may call", "203.0.113.7:1", "", lily, "lily-shop", "", ""},
		{"from where it may call, in IPv6", "[2001:db8::7]:1", "", lily, "lily-shop", "", ""},
		{"from elsewhere", "198.51.100.1:1", "203.0.113.7", lily, "", `the store "lily-shop" may not call from 198.51.100.1`, publicAddress},
		{"from elsewhere, in IPv6", "[2001:db8::8]:1", "", lily, "", `may not call from 2001:db8::8`, publicAddress},
		{"by a proxy", "127.0.0.1:1", "198.51.100.1, 203.0.113.7", lily, "lily-shop", "", ""},
		{"by a proxy, from elsewhere", "127.0.0.1:1", "203.0.113.7, 198.51.100.1", lily, "", `may not call from 198.51.100.1`, publicAddress},
		{"by a proxy that does not say", "127.0.0.1:1", "unknown", lily, "", `"unknown", which is no address`, publicAddress},
		{"from elsewhere, with a wrong token", "198.51.100.1:1", "", from("lily-shop", "rose-1", "LILY"), "", "the Token fits no minute", publicUnknown},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := post("/sb/EventRequest")
			r.RemoteAddr = tc.remote
			if tc.forwarded != "" {
				r.Header.Set(forwardedFor, tc.forwarded)
			}
			n, res, err := s.Receive(r, tc.body)
			if tc.refused == "" {
				if err != nil {
					t.Fatal(err)
				}
				e, err := s.Fetch(t.Context(), n)
				if err != nil {
					t.Fatal(err)
				}
				want := tc.username + "|TULIP02182026"
				if n.Key != want+"|Balance_Due_Final" || n.Base != tc.username || n.Credential != tc.username ||
					e.Lane != n.Source+"|"+want || string(e.Attributes) != `{"store":{"username":"`+tc.username+`"}}` {
					t.Errorf("notice %+v, lane %s, attributes %s", n, e.Lane, e.Attributes)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tc.refused) {
				t.Fatalf("error %v, want one with %q", err, tc.refused)
			}
			a, err := DecodeAnswer(res.Body)
			if err != nil || res.Status != http.StatusOK || a.ErrorCode != codeAuthentication || a.ErrorDetail != tc.told {
				t.Errorf("told %d %+v (%v), want code %s and %q", res.Status, a, err, codeAuthentication, tc.told)
			}
		})
	}
}

// The store without a block may be missing.
func TestStoresInBlocksAlone(t *testing.T) {
	c := `{"store": [{"username": "` + testUsername + `", "password": "` + testPassword + `", "api_key": "` + testKey + `"}], "username": null, "allow_from": null}`
	s := sourceOf(t, c)
	if _, _, err := s.Receive(post("/sb/EventRequest"), call(nil)); err != nil || len(s.stores) != 1 {
		t.Errorf("%d stores: %v", len(s.stores), err)
	}
}

// An EventRequest and a NotificationRequest of one Action are one event; each
// is answered in its own form.
func TestTwinsAreOneEvent(t *testing.T) {
	s := newTestSource(t, "")
	event, _, err := s.Receive(post("/sb/EventRequest"), call(nil))
	if err != nil {
		t.Fatal(err)
	}
	body := strings.NewReplacer("EventRequest", "NotificationRequest", "GUID>", "Guid>").Replace(string(call(nil)))
	twin, _, err := s.Receive(post("/sb/NotificationRequest"), []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	if event.Key != twin.Key || event.Format != eventResponse || twin.Format != notificationResponse {
		t.Errorf("the notices are %+v and %+v", event, twin)
	}
	e, err := s.Fetch(t.Context(), twin)
	if err != nil || e.Type != "Balance_Due_Final" {
		t.Errorf("the event is %+v (%v)", e, err)
	}
}
