package simulate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/html"

	"github.com/signalbox/signalbox/router/internal/oauth"
)

const (
	// returnPath is where the vendor sends the browser back to.
	returnPath = "/finishprocure"
	// maxPages bounds how many pages of the vendor's a browser goes through.
	maxPages = 1000
	// pageWithin is how long a browser waits for one page.
	pageWithin = 30 * time.Second
	// leastRefresh keeps a page that asks for itself at once from being a loop.
	leastRefresh = 100 * time.Millisecond
)

// ErrSeparate: an interactive endpoint is signed by shared credentials.
var ErrSeparate = errors.New("an interactive endpoint needs shared credentials")

// Browse plays the browser of a user who is sent to the vendor's interactive
// endpoint: the redirect there is signed in the query; it reads the vendor's
// pages, each refreshing itself to the next, until one sends it back to the
// event's returnUrl, which must be signed in its query too and carries the
// result. (AppDirect documentation, 'Interactive endpoints' and 'Sign return
// URLs'.) Errors are those of Send, and ErrSeparate.
func (m *Marketplace) Browse(ctx context.Context, endpoint string, e Event) (Exchange, error) {
	credentials, ok := m.credentials.(*shared)
	if !ok {
		return Exchange{Event: e}, ErrSeparate
	}
	if e.Token == "" {
		e.Token = m.options.NewToken()
	}
	e.Attributes = maps.Clone(e.Attributes)
	if e.Attributes == nil {
		e.Attributes = object{}
	}
	e.Attributes["returnUrl"] = m.URL() + returnPath + "?token=" + url.QueryEscape(e.Token)
	l, err := m.list(e)
	if err != nil {
		return Exchange{Event: e}, fmt.Errorf("sending a %s: %w", e.Type, err)
	}
	ctx, cancel := context.WithTimeout(ctx, m.options.CallbackWithin)
	defer cancel()
	x := Exchange{Event: l.event, Document: l.json, Notification: expand(endpoint, m.eventAddress(l.event.Token), l.event.Token)}
	b := browser{m: m, credentials: credentials, x: &x}
	began := m.options.Now()
	result, err := b.walk(ctx)
	x.Fetches, x.Posts, x.Took = m.fetches(l), m.posts(l), m.options.Now().Sub(began)
	if err != nil {
		return x, fmt.Errorf("sending a browser with the %s %s: %w", l.event.Type, l.event.Token, err)
	}
	m.settle(l, result, false)
	x.Result, x.ResultAfter = &result, x.Took
	return x, nil
}

// browser goes from page to page.
type browser struct {
	m           *Marketplace
	credentials *shared
	x           *Exchange
}

func (b *browser) walk(ctx context.Context) (Result, error) {
	endpoint, err := url.Parse(b.x.Notification)
	if err != nil {
		return Result{}, fmt.Errorf("reading the endpoint: %w", err)
	}
	next, err := b.credentials.signer.Query(http.MethodGet, endpoint)
	if err != nil {
		return Result{}, fmt.Errorf("signing the redirect: %w", err)
	}
	home := b.m.URL() + returnPath
	for b.x.Pages < maxPages {
		to, after, err := b.visit(ctx, next)
		if err != nil {
			return Result{}, err
		}
		if address, _, _ := strings.Cut(to.String(), "?"); address == home {
			return b.returned(to)
		}
		if to.Host != endpoint.Host {
			return Result{}, fmt.Errorf("%w: it sends the browser to %s, which is neither the vendor's nor %s", ErrNoAnswer, to.Redacted(), home)
		}
		if !pause(ctx, max(after, leastRefresh)) {
			return Result{}, ErrNoResult
		}
		next = to
	}
	return Result{}, fmt.Errorf("%w: no end after %d pages", ErrNoAnswer, maxPages)
}

func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// visit reads one page, and says where it leads and when.
func (b *browser) visit(ctx context.Context, address *url.URL) (to *url.URL, after time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, pageWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return nil, 0, err
	}
	req.Header.Set("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
	res, err := b.m.do(req)
	if err != nil {
		return nil, 0, fmt.Errorf("asking for a page: %w", err)
	}
	defer res.Body.Close()
	b.x.Pages++
	b.x.Status = res.StatusCode
	if b.x.Body, err = io.ReadAll(io.LimitReader(res.Body, maxBody)); err != nil {
		return nil, 0, fmt.Errorf("reading a page: %w", err)
	}
	target, found := "", false
	switch {
	case res.StatusCode >= 300 && res.StatusCode < 400:
		target, found = res.Header.Get("Location"), res.Header.Get("Location") != ""
	default:
		target, after, found = refresh(b.x.Body)
	}
	if !found {
		if result, err := decodeResult(b.x.Body); err == nil {
			return nil, 0, fmt.Errorf("%w for a browser: it got a result (%s), as for a notification: the source does not say interactive = true", ErrNoAnswer, result)
		}
		return nil, 0, fmt.Errorf("%w: a page with HTTP status %d that leads nowhere", ErrNoAnswer, res.StatusCode)
	}
	if to, err = address.Parse(target); err != nil {
		return nil, 0, fmt.Errorf("%w: it leads to no address", ErrNoAnswer)
	}
	return to, after, nil
}

// refresh finds a page's <meta http-equiv="refresh">: SECONDS, or SECONDS;
// url=ADDRESS. (HTML Standard, 'Refresh state'.)
func refresh(page []byte) (target string, after time.Duration, found bool) {
	tokens := html.NewTokenizer(bytes.NewReader(page))
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return "", 0, false
		case html.StartTagToken, html.SelfClosingTagToken:
			tag, attrs := tokens.Token(), map[string]string{}
			for _, a := range tag.Attr {
				attrs[a.Key] = a.Val
			}
			if tag.Data != "meta" || !strings.EqualFold(attrs["http-equiv"], "refresh") {
				continue
			}
			wait, rest, _ := strings.Cut(attrs["content"], ";")
			seconds, err := strconv.ParseUint(strings.TrimSpace(wait), 10, 16)
			if err != nil {
				continue
			}
			rest = strings.TrimSpace(rest)
			if len(rest) > 4 && strings.EqualFold(rest[:4], "url=") {
				target = strings.Trim(rest[4:], `'" `)
			}
			return target, time.Duration(seconds) * time.Second, true
		}
	}
}

// returned reads the result from the address that the browser comes back with.
func (b *browser) returned(at *url.URL) (Result, error) {
	b.x.Returned = at.String()
	if err := b.credentials.signed(http.MethodGet, at, nil); err != nil {
		b.m.count(&b.m.refused)
		return Result{}, fmt.Errorf("%w: the return address: %w", ErrNoAnswer, err)
	}
	params, err := oauth.ParseQuery(at.RawQuery)
	if err != nil {
		return Result{}, fmt.Errorf("%w: %w", ErrNoAnswer, err)
	}
	told := map[string]string{}
	for _, p := range params {
		if _, twice := told[p.Name]; twice {
			return Result{}, fmt.Errorf("%w: the return address has %q twice", ErrNoAnswer, p.Name)
		}
		told[p.Name] = p.Value
	}
	if told["token"] != b.x.Event.Token {
		return Result{}, fmt.Errorf("%w: the return address is another event's", ErrNoAnswer)
	}
	switch told["success"] {
	case "true", "false":
	default:
		return Result{}, fmt.Errorf("%w: the return address says success=%q", ErrNoAnswer, told["success"])
	}
	return Result{
		Success: told["success"] == "true", AccountIdentifier: told["accountIdentifier"],
		UserIdentifier: told["userIdentifier"], ErrorCode: told["errorCode"], Message: told["message"],
	}, nil
}
