package daemon_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/oauth"
)

// metrics asks the daemon for them.
func (r *rig) metrics(t *testing.T) map[string]string {
	t.Helper()
	samples, err := scrape(r.Socket())
	if err != nil {
		t.Fatal(err)
	}
	return samples
}

// scrape asks a daemon as Prometheus does, and gives the samples by name and
// labels.
func scrape(socket string) (map[string]string, error) {
	client := &http.Client{Timeout: patience, Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
		DisableKeepAlives: true,
	}}
	resp, err := client.Get("http://signalbox/metrics")
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET /metrics: %s, %v", resp.Status, err)
	}
	samples := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && name != "#" {
			samples[name] = value
		}
	}
	return samples, nil
}

func TestMetrics(t *testing.T) {
	r := startRig(t, rigConfig)
	r.serves(t, "order-1")
	r.send(t, r.notice(t, "/appdirect", "order-1")) // a repeat
	wrong := oauth.NewSigner(consumerKey, router.NewSecret([]byte("another")), time.Now)
	r.send(t, r.notify(t, "/appdirect", r.market.address("order-2"), wrong))

	want := map[string]string{
		`signalbox_accepted_total{source="appdirect.market"}`:                              "1",
		`signalbox_refused_total{source="appdirect.market"}`:                               "1",
		`signalbox_answer_seconds_count{source="appdirect.market",told="success"}`:         "2",
		`signalbox_fetch_seconds_count{result="succeeded",source="appdirect.market"}`:      "1",
		`signalbox_attempt_seconds_count{action="post",outcome="succeeded",plugin="hook"}`: "1",
		`signalbox_finished_total{end="success",source="appdirect.market"}`:                "1",
		`signalbox_failures_total{type="delivery.failed"}`:                                 "0",
		`signalbox_oldest_overdue_seconds`:                                                 "0",
		`signalbox_journal_writable`:                                                       "1",
		`signalbox_held_events`:                                                            "0",
		`signalbox_plugin_running{plugin="hook"}`:                                          "1",
		`signalbox_unfinished_events{where="rest"}`:                                        "0",
		`signalbox_build_info{version="test"}`:                                             "1",
	}
	deadline := time.Now().Add(patience)
	for {
		got := r.metrics(t)
		missing := ""
		for name, value := range want {
			if got[name] != value {
				missing = name + " is " + got[name] + ", want " + value
			}
		}
		if missing == "" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(missing)
		}
	}
}
