package daemon_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/signalbox/signalbox/router"
)

// versionsConfig says its version wherever an event can carry it away. One
// source's event is never done.
const versionsConfig = `
listen        = "{listen}"
state_dir     = "{dir}/state"
max_in_flight = 1{v}

source "webhook" "any" {
  path         = "/any"
  id           = request.body.id
  type         = "order.v{v}"
  reply_within = "60s"
  bearer { token = "posted-token-3b5a" }
}

source "webhook" "owing" {
  path         = "/owing"
  id           = request.body.id
  type         = "order"
  reply_within = "100ms"
  bearer { token = "posted-token-3b5a" }
}

plugin "{hook}" {
  use = "webhook"
  config {
    url     = "{worker}"
    secret  = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    headers = { "x-life" = "{life}" }
  }
}

plugin "unwell" {
  use = "webhook"
  config {
    url    = "{unwell}"
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
  }
}

route "first v{v}" {
  from = [source.webhook.any]
  on   = ["order.v{v}"]
  deliver "one" {
    to   = plugin.{hook}.post
    with = { data = { id = event.payload.id, part = "one", version = "v{v}" } }
  }
  deliver "two" {
    to   = plugin.{hook}.post
    with = { data = { id = event.payload.id, part = "two", version = "v{v}", after = deliver.one.status } }
  }
  reply { message = "v{v}" }
}

route "second v{v}" {
  from = [source.webhook.any]
  on   = ["order.v{v}"]
  deliver "three" {
    to   = plugin.{hook}.post
    with = { data = { id = event.payload.id, part = "three", version = "v{v}" } }
  }
}

route "owing" {
  from = [source.webhook.owing]
  deliver "unwell" {
    to = plugin.unwell.post
    retry { initial = "10m" }
  }
}
`

// versions is a daemon whose configuration changes all the time, those who post
// to it meanwhile, and what became of each post.
type versions struct {
	*rig
	dice      *rand.Rand
	addresses []string
	taken     net.Listener
	stamps    *stamps
	unwell    *httptest.Server

	at       address       // what the configuration in force says
	life     int           // of the plugin
	hook     string        // its name
	posts    atomic.Int64  // so far
	inForce  atomic.Int64  // the version that is, at the least
	proposed atomic.Int64  // and at the most
	base     atomic.Value  // where to post to: a string
	answered chan struct{} // told of each answer that somebody has room for

	late atomic.Int64 // posts that found an address which was left long ago

	mu   sync.Mutex
	told map[string]telling // by id
}

// address is one that is listened at, and where it is reached.
type address struct{ listen, base string }

// telling is an answer, with the versions that may have been in force while its
// post was on its way.
type telling struct {
	version         int64
	atLeast, atMost int64
}

func newVersions(t *testing.T, seed uint64) *versions {
	t.Helper()
	v := &versions{
		rig: newRig(t, ""), dice: rand.New(rand.NewPCG(seed, 6)), stamps: newStamps(t), hook: "hook",
		unwell:   httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })),
		answered: make(chan struct{}, 64), told: map[string]telling{},
	}
	t.Cleanup(v.unwell.Close)
	v.options.Listener.Close()
	v.options.Listener = nil
	v.addresses = []string{freeAddress(t), freeAddress(t)}
	var err error
	if v.taken, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.taken.Close() })
	v.moveTo(v.addresses[0])
	v.write(t, v.text(1))
	v.start(t)
	t.Cleanup(v.stop)
	v.proposed.Store(1)
	v.took(1)
	return v
}

// moveTo has the next configuration listen there.
func (v *versions) moveTo(listen string) {
	v.at = address{listen, "http://" + strings.Replace(listen, "0.0.0.0", "127.0.0.1", 1)}
}

// took says that a version is in force.
func (v *versions) took(version int64) {
	v.inForce.Store(version)
	v.base.Store(v.at.base)
}

// text is the configuration of a version.
func (v *versions) text(version int64) string {
	return strings.NewReplacer("{v}", fmt.Sprint(version), "{listen}", v.at.listen, "{life}", fmt.Sprint(v.life), "{hook}", v.hook).Replace(versionsConfig)
}

func (v *versions) write(t *testing.T, text string) {
	t.Helper()
	v.configure(t, strings.NewReplacer("{worker}", v.stamps.URL, "{unwell}", v.unwell.URL).Replace(text))
}

// load posts one event after the other until ctx is done. Now and then one stays
// under way until after the next reload.
func (v *versions) load(ctx context.Context, t *testing.T, worker int, keepAlive bool) {
	client := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: !keepAlive}}
	defer client.CloseIdleConnections()
	dice := rand.New(rand.NewPCG(uint64(worker), 7))
	for n := 0; ctx.Err() == nil; n++ {
		id := fmt.Sprintf("w%dn%d", worker, n)
		if dice.IntN(20) == 0 {
			id += acrossReload
		}
		v.posts.Add(1)
		if err := v.post(client, id); err != nil {
			t.Errorf("%s: %v", id, err)
		}
		select {
		case v.answered <- struct{}{}:
		default:
		}
	}
}

// post sends an event until it arrives, and keeps what it is told. Who is not
// even connected may look again for where to post to: addresses change.
func (v *versions) post(client *http.Client, id string) error {
	told := telling{atLeast: v.inForce.Load()}
	said, err := v.postOnce(client, id)
	for refused := new(net.OpError); errors.As(err, &refused) && refused.Op == "dial" && v.late.Add(1) < maxLate; {
		said, err = v.postOnce(client, id)
	}
	if err != nil {
		return err
	}
	told.atMost = v.proposed.Load()
	if _, err := fmt.Sscanf(said, "v%d", &told.version); err != nil {
		return fmt.Errorf("it is told %q", said)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.told[id] = told
	return nil
}

// maxLate is what a machine that stalls brings: whoever finds nobody at an address
// has looked it up for longer than that is served once it is left.
const maxLate = 3

func (v *versions) postOnce(client *http.Client, id string) (said string, err error) {
	status, body, err := postBody(client, v.base.Load().(string)+"/any", id)
	if err != nil {
		return "", err
	}
	var doc struct{ Message string }
	if err := json.Unmarshal(body, &doc); err != nil || status != http.StatusOK {
		return "", fmt.Errorf("it is answered %d %s", status, body)
	}
	return doc.Message, nil
}

// postBody sends an event, and gives the answer.
func postBody(client *http.Client, url, id string) (status int, body []byte, err error) {
	req, err := postRequest(context.Background(), url, id, "")
	if err != nil {
		return 0, nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	return resp.StatusCode, body, err
}

// all are the events of the source "any", by the id that they were posted with.
func (v *versions) all(t *testing.T) map[string]router.Record {
	t.Helper()
	const page = 500
	out := map[string]router.Record{}
	q := router.Query{Source: "webhook.any", Limit: page}
	for {
		found, err := v.Events(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, rec := range found {
			q.Before = rec.Event.ID
			var payload struct{ ID string }
			if err := json.Unmarshal(rec.Event.Payload, &payload); err != nil {
				t.Fatal(err)
			}
			if _, twice := out[payload.ID]; twice {
				t.Errorf("there are two events of %s", payload.ID)
			}
			out[payload.ID] = rec
		}
		if len(found) < page {
			return out
		}
	}
}
