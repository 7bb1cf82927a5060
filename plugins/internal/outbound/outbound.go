package outbound

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/signalbox/signalbox/sdk"
)

const (
	// callTimeout ends a call whose delivery has a later deadline or none: an
	// API that takes longer than this is not going to answer.
	callTimeout = 30 * time.Second
	// dialTimeout leaves room for one lost SYN and for a slow TLS handshake.
	dialTimeout = 10 * time.Second
	// maxBody is what is read of an answer. A page of a hundred customers or
	// subscriptions is the largest that any plugin asks for.
	maxBody = 4 << 20
	// maxConns bounds the connections to one host; deliveries beyond it wait
	// inside their own deadlines.
	maxConns = 64
	// maxRetryAfter caps what an answer may ask for: a day is the longest limit
	// that the APIs in question have, and a wrong clock must not park for years.
	maxRetryAfter = 24 * time.Hour
	// maxReason is what an operator can read in one line of a log.
	maxReason = 500
)

// Client returns a client for one API. It follows no redirect (a signed or
// authorised request is for the host that was configured), ends every wait and
// reads no more than 4 MiB of an answer: more is an error of the read.
func Client() *http.Client {
	return &http.Client{
		Timeout:       callTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: bounded{&http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: dialTimeout}).DialContext,
			TLSHandshakeTimeout: dialTimeout,
			ForceAttemptHTTP2:   true,
			MaxConnsPerHost:     maxConns,
			MaxIdleConnsPerHost: maxConns,
			IdleConnTimeout:     callTimeout,
		}},
	}
}

// bounded puts the cap on every body that its transport returns, and marks the
// errors behind which a server may have seen the request.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	var connected atomic.Bool
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }}
	resp, err := b.RoundTripper.RoundTrip(r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
	switch {
	case err == nil:
		resp.Body = http.MaxBytesReader(nil, resp.Body, maxBody)
	case connected.Load():
		err = connectedError{err}
	}
	return resp, err
}

// connectedError is what ended a call that had a connection. The error itself
// does not tell: the transport sends a request anew whose kept-alive connection
// breaks (any that carries an Idempotency-Key, be it a POST), and if there is no
// new connection to be had, that is the only error that it gives.
type connectedError struct{ error }

func (e connectedError) Unwrap() error { return e.error }

// Lost is the outcome of a call by [Client] that got no readable answer. It may
// have run, unless there never was a connection. The address is left out of the
// reason: its query may name a customer.
func Lost(doing string, err error) sdk.Outcome {
	err = WithoutAddress(err)
	_, connected := errors.AsType[connectedError](err)
	if dial, ok := errors.AsType[*net.OpError](err); ok && dial.Op == "dial" && !connected {
		return sdk.Retry(Reason("%s: no connection: %v", doing, err))
	}
	return sdk.Retry(Reason("%s: no answer, it may have run: %v", doing, err)).MayHaveRun()
}

// Reach connects to an address's host and sends nothing: a receiver must not see
// posts that stand for no event.
func Reach(ctx context.Context, address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return errors.New("the address can't be read")
	}
	port := u.Port()
	if port == "" {
		port = u.Scheme // net knows the ports of http and https by name
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return fmt.Errorf("connecting to the receiver: %w", err)
	}
	return conn.Close()
}

// WithoutAddress strips the request's address off an error of net/http.
func WithoutAddress(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// Reason formats a text for the operator, in one line of bounded length.
func Reason(format string, args ...any) string {
	s := strings.Join(strings.Fields(fmt.Sprintf(format, args...)), " ")
	if len(s) <= maxReason {
		return s
	}
	cut := maxReason
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// Passing reports whether a status says "not now": the same call may succeed
// later.
func Passing(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return status >= 500
}

// RetryAfter is how long an answer asks its caller to wait (RFC 9110 §10.2.3,
// seconds or a date), at most a day; 0 where it does not ask.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if v == "" {
		return 0
	}
	if seconds, err := strconv.ParseFloat(v, 64); err == nil {
		if !(seconds > 0) {
			return 0
		}
		return time.Duration(min(seconds, maxRetryAfter.Seconds()) * float64(time.Second))
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}

// CheckURL complains about an address that can't be called: it must be
// absolute, http or https, and without credentials, query or fragment unless
// query allows the former. An empty address is not known yet, and passes.
func CheckURL(raw string, query bool, path ...string) []sdk.Diagnostic {
	if raw == "" {
		return nil
	}
	u, err := url.Parse(raw)
	var detail string
	switch {
	case err != nil:
		detail = "It can't be read as an address."
	case u.Scheme != "https" && u.Scheme != "http":
		detail = "It must begin with https:// (or http://)."
	case u.Hostname() == "":
		detail = "It names no host."
	case u.User != nil:
		detail = "It carries a user name or password: these have attributes of their own."
	case u.Fragment != "":
		detail = "It ends in a fragment (#…), which no server is ever sent."
	case u.RawQuery != "" && !query:
		detail = "It carries a query (?…), but paths are put behind it."
	default:
		return nil
	}
	return []sdk.Diagnostic{{Summary: "Invalid address", Detail: detail, Path: path}}
}
