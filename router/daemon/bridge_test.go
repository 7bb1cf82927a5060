package daemon_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router/internal/subscriptionbridge"
)

// farConfig is a daemon that others call by SubscriptionBridge: two stores, of
// which one may call from this machine and one from elsewhere. Its cart is told
// of last notices only.
const farConfig = `
public_url = "{public}"
state_dir  = "{dir}/state"

source "subscriptionbridge" "shops" {
  path = "/subscriptionbridge"
  store {
    username   = "store-1"
    password   = "store-password-71aa"
    api_key    = "store-api-key-5e30"
    allow_from = ["127.0.0.1"]
  }
  store {
    username   = "store-2"
    password   = "store-password-71aa"
    api_key    = "store-api-key-5e30"
    allow_from = ["203.0.113.0/24"]
  }
  compat {
    ack      = true
    packages = "empty"
  }
}

plugin "hook" {
  use = "webhook"
  config {
    url    = "{receiver}"
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
  }
}

plugin "cart" {
  use = "subscriptionbridge"
  config { callback_url = "{cart}" }
}

route "last notices" {
  from = [source.subscriptionbridge.shops]
  when = event.action.final && event.action.kind == "Balance_Due"
  deliver "hook" { to = plugin.hook.post }
  deliver "cart" {
    to   = plugin.cart.callback
    with = { guid = event.payload.guid, template = event.type }
  }
}
`

// nearConfig is a daemon that hands on what its own store says.
const nearConfig = `
public_url = "{public}"
state_dir  = "{dir}/state"

source "subscriptionbridge" "store" {
  path     = "/subscriptionbridge"
  username = "store-1"
  password = "store-password-71aa"
  api_key  = "store-api-key-5e30"
}

plugin "far" {
  use = "subscriptionbridge"
  config {
    server {
      url         = "{far}/subscriptionbridge"
      username    = "store-1"
      password    = "store-password-71aa"
      api_key     = "store-api-key-5e30"
      server_time = true
    }
  }
}

route "hand on" {
  from = [source.subscriptionbridge.store]
  deliver "far" {
    to   = plugin.far.event_request
    with = { guid = event.payload.guid, action = event.type }
  }
}
`

// newCart takes callbacks as ProductCart does.
func newCart(t *testing.T) (address string, posts <-chan string) {
	got := make(chan string, 16)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("reading a callback: %v", err)
		}
		got <- string(body)
	}))
	t.Cleanup(s.Close)
	return s.URL, got
}

// notification is the twin of an EventRequest.
func notification(username, guid, action string) string {
	return strings.ReplaceAll(request(username, token(0), guid, action), "EventRequest", "NotificationRequest")
}

// Two daemons talk: what a store tells one of them, it asks of the other, which
// tells a cart. A repeat is told the same, wherever it is made.
func TestTwoDaemonsTalk(t *testing.T) {
	address, posts := newCart(t)
	far := startRig(t, strings.ReplaceAll(farConfig, "{cart}", address))
	near := startRig(t, strings.ReplaceAll(nearConfig, "{far}", far.public))
	send := func(guid string) answer {
		return near.post(t, http.MethodPost, "/subscriptionbridge/EventRequest", request(storeUsername, token(0), guid, "Balance_Due_Final"))
	}
	for range 2 {
		if got := send("GUID & 1"); !strings.Contains(got.Body, "<Status>Success</Status>") {
			t.Fatalf("the store is told %+v", got)
		}
	}
	if got := far.tally(t); got != (tally{Events: 1, Runs: 1}) {
		t.Errorf("the far daemon has %+v", got)
	}
	const want = `<?xml version="1.0" encoding="utf-8"?><SB_Callback><GUID>GUID &amp; 1</GUID><Guid>GUID &amp; 1</Guid><Event_Code>sb_n_7b</Event_Code></SB_Callback>`
	if diff := cmp.Diff(want, <-posts); diff != "" || len(posts) > 0 {
		t.Errorf("the cart is told (-want +got), and %d times more:\n%s", len(posts), diff)
	}
	event := far.event(t, "GUID & 1").Event
	if event.Lane != "subscriptionbridge.shops|store-1|GUID & 1" || event.Type != "Balance_Due_Final" {
		t.Errorf("the far event is a %s in the lane %s", event.Type, event.Lane)
	}
	story := near.story(t, "GUID & 1")
	if got := string(story.State.Deliveries[0].Output); !regexp.MustCompile(`^\{"status":"Success","suppressed":false,"timestamp":"[0-9T:-]{19}"\}$`).MatchString(got) {
		t.Errorf("the near delivery's output is %s", got)
	}

	// The twin of the call that was made is a repeat of it, in its own words.
	twin := far.post(t, http.MethodPost, "/subscriptionbridge/notificationrequest", notification(storeUsername, "GUID & 1", "Balance_Due_Final"))
	const told = `<?xml version="1.0" encoding="utf-8"?><NotificationResponse><Ack>Success</Ack><Timestamp/></NotificationResponse>`
	if diff := cmp.Diff(answer{http.StatusOK, told}, twin); diff != "" {
		t.Errorf("the twin is told (-want +got):\n%s", diff)
	}
	if got := far.tally(t); got != (tally{Events: 1, Runs: 1}) {
		t.Errorf("after the twin the far daemon has %+v", got)
	}
}

// A call that no route takes is refused there, and so rejected here.
func TestTheFarDaemonRefuses(t *testing.T) {
	address, posts := newCart(t)
	far := startRig(t, strings.ReplaceAll(farConfig, "{cart}", address))
	near := startRig(t, strings.ReplaceAll(nearConfig, "{far}", far.public))
	x := near.eventRequest(t, "GUID2") // which is not final
	if x.Status != subscriptionbridge.StatusError || len(posts) > 0 {
		t.Errorf("the store is told %+v", x)
	}
	mark := far.log.mark()
	got := far.post(t, http.MethodPost, "/subscriptionbridge/EventRequest", request("store-2", token(0), "GUID3", "Balance_Due_Final"))
	if !strings.Contains(got.Body, "<ErrorCode>10002</ErrorCode>") || !strings.Contains(got.Body, "<Ack>Error</Ack>") {
		t.Errorf("a store that calls from elsewhere is told %+v", got)
	}
	far.log.expect(t, mark, 1, refusedBy("subscriptionbridge.shops", `the store "store-2" may not call from 127.0.0.1`))
	if got := far.tally(t); got.Runs != 0 {
		t.Errorf("the far daemon has %+v", got)
	}
}
