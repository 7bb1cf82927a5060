package daemon_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// listenConfig is served where it says. Whoever posts to it is answered when
// the worker has done what it is asked for.
const listenConfig = `
{settings}
listen     = "{listen}"
public_url = "http://{listen}"
state_dir  = "{dir}/state"

source "webhook" "any" {
  path = "/any"
  type = "order"
  id   = request.body.id
  bearer { token = "posted-token-3b5a" }
}

plugin "hook" {
  use = "webhook"
  config {
    url    = "{worker}"
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
  }
}

route "posts" {
  from = [source.webhook.any]
  deliver "hook" {
    to   = plugin.hook.post
    with = { data = event.payload }
  }
}
`

// listener is a daemon that listens where its configuration says.
type listener struct {
	*rig
	worker *worker
	listen string
}

// startListener starts one at a free port of this machine.
func startListener(t *testing.T) *listener {
	t.Helper()
	l := &listener{rig: newRig(t, ""), worker: newWorker(t), listen: freeAddress(t)}
	l.options.Listener.Close()
	l.options.Listener = nil
	l.listens(t, l.listen, "")
	l.start(t)
	t.Cleanup(l.stop)
	return l
}

// freeAddress is one that nobody listens at, a moment ago.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// listens writes the configuration with an address, and with more settings.
func (l *listener) listens(t *testing.T, address, settings string) {
	t.Helper()
	l.configure(t, strings.NewReplacer("{listen}", address, "{worker}", l.worker.URL, "{settings}", settings).Replace(listenConfig))
}

func (l *listener) reload(t *testing.T) {
	t.Helper()
	if diags, err := l.Reload(t.Context(), false); err != nil {
		t.Fatalf("%v\n%s", err, written(t, diags))
	}
}

// refuses reloads, and wants that refused in these words, with nothing changed.
func (l *listener) refuses(t *testing.T, want string) {
	t.Helper()
	before, url := l.Plugins(), l.URL()
	_, err := l.Reload(t.Context(), true)
	if err == nil {
		t.Fatalf("it is reloaded; want %q", want)
	}
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("the refusal (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, l.Plugins()); diff != "" || l.URL() != url {
		t.Errorf("a reload that was refused changed something: %s\n%s", l.URL(), diff)
	}
}

// posting sends an event to an address, and gives the answer's status and whether
// the connection stays. reused says that it was there before.
func posting(ctx context.Context, client *http.Client, base, id, do string) (status int, stays, reused bool, err error) {
	trace := &httptrace.ClientTrace{GotConn: func(c httptrace.GotConnInfo) { reused = c.Reused }}
	req, err := postRequest(httptrace.WithClientTrace(ctx, trace), base+"/any", id, do)
	if err != nil {
		return 0, false, false, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, false, reused, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, !resp.Close, reused, err
}

// postRequest is an event that nothing but its sender can send a second time: a
// connection that is closed at the wrong moment loses it.
func postRequest(ctx context.Context, url, id, do string) (*http.Request, error) {
	body := io.NopCloser(strings.NewReader(fmt.Sprintf(`{"id":%q,"do":%q}`, id, do)))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+postToken)
	req.Header.Set("Content-Type", "application/json")
	return req, nil
}

func newClient(t *testing.T, c *tls.Config) *http.Client {
	client := &http.Client{Timeout: patience, Transport: &http.Transport{TLSClientConfig: c}}
	t.Cleanup(client.CloseIdleConnections)
	return client
}

// expectPost wants an event taken in, over a connection that stays or not.
func expectPost(t *testing.T, client *http.Client, base, id string, reused, stays bool) {
	t.Helper()
	status, gotStays, gotReused, err := posting(t.Context(), client, base, id, "")
	if err != nil || status != http.StatusOK || gotStays != stays || gotReused != reused {
		t.Errorf("%s at %s: %d, %v; the connection was there: %v, and stays: %v; want %v and %v", id, base, status, err, gotReused, gotStays, reused, stays)
	}
}
