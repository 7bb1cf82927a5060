package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// maxAnswer bounds an answer's size in memory: a story holds a payload, and the
// inputs and outputs of its deliveries.
const maxAnswer = 64 << 20

// answerGrace is what an answer may take beyond the daemon's own limit.
const answerGrace = 5 * time.Second

// Client speaks to a running daemon over its admin socket. Every call has a
// deadline of its own. Errors are *NoAnswerError, if no daemon answered, or
// *RefusedError, if it said no; any other is an answer that can't be read.
type Client struct {
	// Socket is the path of the admin socket.
	Socket string
}

// NoAnswerError: there is no daemon, or it did not answer to the end; what was
// asked of it may have been done then.
type NoAnswerError struct {
	Socket string
	Err    error
}

func (e *NoAnswerError) Error() string {
	if dial, ok := errors.AsType[*net.OpError](e.Err); ok && dial.Op == "dial" {
		return fmt.Sprintf("no daemon answers at %s (%v): is it running? give --socket", e.Socket, dial.Err)
	}
	return fmt.Sprintf("the daemon at %s did not answer to the end: %v", e.Socket, e.Err)
}

func (e *NoAnswerError) Unwrap() error { return e.Err }

// RefusedError is the daemon's no.
type RefusedError struct {
	// Status is the HTTP status.
	Status int
	Refusal
}

func (e *RefusedError) Error() string { return e.Refusal.Error }

// Status asks how the daemon is.
func (c *Client) Status(ctx context.Context) (*Status, error) {
	return call[Status](ctx, c, requestTimeout, http.MethodGet, "/v1/status", nil)
}

// Events asks for one page of events, newest first.
func (c *Client) Events(ctx context.Context, f Filter) (*Events, error) {
	return call[Events](ctx, c, requestTimeout, http.MethodGet, withQuery("/v1/events", f), nil)
}

// Story asks for all that is known of one event.
func (c *Client) Story(ctx context.Context, id string) (*Story, error) {
	return call[Story](ctx, c, requestTimeout, http.MethodGet, eventPath(id), nil)
}

// Replay has deliveries of a held or settled event run again.
func (c *Client) Replay(ctx context.Context, id string, body Replay) (*Replayed, error) {
	return call[Replayed](ctx, c, requestTimeout, http.MethodPost, eventPath(id)+"/replay", body)
}

// Retry does now what an event has waiting for its next try.
func (c *Client) Retry(ctx context.Context, id string, body Retry) (*Retried, error) {
	return call[Retried](ctx, c, requestTimeout, http.MethodPost, eventPath(id)+"/retry", body)
}

// Discard ends what is left of an event.
func (c *Client) Discard(ctx context.Context, id string, body Discard) (*Discarded, error) {
	return call[Discarded](ctx, c, requestTimeout, http.MethodPost, eventPath(id)+"/discard", body)
}

// Resolve gives a held event its verdict.
func (c *Client) Resolve(ctx context.Context, id string, body Resolve) (*Resolved, error) {
	return call[Resolved](ctx, c, requestTimeout, http.MethodPost, eventPath(id)+"/resolve", body)
}

// Reload has the configuration loaded again.
func (c *Client) Reload(ctx context.Context, body Reload) (*Reloaded, error) {
	return call[Reloaded](ctx, c, reloadTimeout, http.MethodPost, "/v1/reload", body)
}

// DryRun asks what a reload would do.
func (c *Client) DryRun(ctx context.Context, body Reload) (*DryRun, error) {
	return call[DryRun](ctx, c, reloadTimeout, http.MethodPost, "/v1/reload/dry-run", body)
}

// Plan asks what new events are routed by.
func (c *Client) Plan(ctx context.Context) (*Plan, error) {
	return call[Plan](ctx, c, requestTimeout, http.MethodGet, "/v1/plan", nil)
}

// Stories asks for one page of events with all that they carry, newest first.
func (c *Client) Stories(ctx context.Context, f Filter) (*Stories, error) {
	return call[Stories](ctx, c, requestTimeout, http.MethodGet, withQuery("/v1/stories", f), nil)
}

func withQuery(path string, f Filter) string {
	if query := f.encode(); query != "" {
		path += "?" + query
	}
	return path
}

func eventPath(id string) string { return "/v1/events/" + url.PathEscape(id) }

// call sends one request, with a body if it is not nil, and reads the answer.
func call[Answer any](ctx context.Context, c *Client, timeout time.Duration, method, path string, body any) (*Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout+answerGrace)
	defer cancel()
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("encoding the request: %w", err)
		}
		content = bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://signalbox"+path, content)
	if err != nil {
		return nil, fmt.Errorf("making the request: %w", err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", c.Socket)
		},
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return nil, &NoAnswerError{c.Socket, err}
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, &NoAnswerError{c.Socket, err}
	}
	if resp.StatusCode != http.StatusOK {
		no := &RefusedError{Status: resp.StatusCode}
		if json.Unmarshal(answer, &no.Refusal) != nil || no.Refusal.Error == "" {
			no.Refusal.Error = "the daemon answered " + resp.Status
		}
		return nil, no
	}
	out := new(Answer)
	if err := json.Unmarshal(answer, out); err != nil {
		return nil, fmt.Errorf("reading the answer of the daemon at %s: %w", c.Socket, err)
	}
	return out, nil
}
