package simulate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Placeholders of an endpoint, which is a template. (AppDirect documentation,
// 'Edit integration', event URL parameter.)
const (
	eventAddressPlaceholder = "{eventUrl}"
	tokenPlaceholder        = "{token}"
)

// ErrNoAnswer: the vendor's endpoint gave an answer that is none, by its status
// or its body, which a marketplace shows as a communication error.
var ErrNoAnswer = errors.New("the answer is no result")

// Exchange is one notification and all that it came to. Send returns it as far
// as it got, with an error too.
type Exchange struct {
	// Event is what was sent, its token and marketplace filled in.
	Event Event
	// Document is the event in the JSON form that a vendor fetches.
	Document []byte
	// Notification is the address that was called, signature aside.
	Notification string
	// Status and Body are the vendor's answer to the notification. The body of
	// an ADDON_BIND's may hold credentials; Result.String tells none.
	Status int
	Body   []byte
	// Took is the time from the notification to its answer, ResultAfter that
	// from the notification to the result.
	Took, ResultAfter time.Duration
	// Fetches counts how often the event was fetched up to then, and Posts how
	// often a result was posted.
	Fetches, Posts int
	// Pages counts the vendor's pages that a browser saw, and Returned is the
	// address that it came back with.
	Pages    int
	Returned string
	// Result is nil while none is known.
	Result *Result
	// ByCallback: the answer was 202, so that the result is one posted later.
	ByCallback bool
}

// Send notifies the vendor of the event and waits for its result: in the
// answer, for which the vendor has 5 seconds, or, if that is 202, posted later,
// for which it has Options.CallbackWithin. The result consumes the event.
//
// The endpoint is a template, as in a product's settings: {eventUrl} stands for
// the encoded address of the event and {token} for its token, so that any
// parameter name and any further parameters can be had. One without either gets
// url={eventUrl}.
//
// An event whose token has been sent before is notified of again, as it was. An
// error is ErrNotStarted, ErrNoAnswer, ErrNoResult, one of the network or ctx, or
// says that the event or the endpoint can't be written as the protocol wants it.
func (m *Marketplace) Send(ctx context.Context, endpoint string, e Event) (Exchange, error) {
	l, err := m.list(e)
	if err != nil {
		return Exchange{Event: e}, fmt.Errorf("sending a %s: %w", e.Type, err)
	}
	x := Exchange{Event: l.event, Document: l.json}
	if err := m.exchange(ctx, endpoint, l, &x); err != nil {
		return x, fmt.Errorf("sending the %s %s: %w", l.event.Type, l.event.Token, err)
	}
	return x, nil
}

func (m *Marketplace) exchange(ctx context.Context, endpoint string, l *listing, x *Exchange) error {
	x.Notification = expand(endpoint, m.eventAddress(l.event.Token), l.event.Token)
	began := m.options.Now()
	defer func() { x.Fetches, x.Posts = m.fetches(l), m.posts(l) }()
	err := m.notify(ctx, x)
	x.Took = m.options.Now().Sub(began)
	if err != nil {
		return err
	}
	result, err := m.resultOf(ctx, l, x)
	if err != nil {
		return err
	}
	x.Result, x.ResultAfter = &result, m.options.Now().Sub(began)
	return nil
}

// resultOf reads the result from the answer, or waits for it.
func (m *Marketplace) resultOf(ctx context.Context, l *listing, x *Exchange) (Result, error) {
	switch x.Status {
	case http.StatusAccepted:
		x.ByCallback = true
		return m.await(ctx, l)
	case http.StatusOK, http.StatusCreated:
		result, err := decodeResult(x.Body)
		if err != nil {
			return Result{}, fmt.Errorf("%w: %w", ErrNoAnswer, err)
		}
		m.settle(l, result, false)
		return result, nil
	}
	return Result{}, fmt.Errorf("%w: HTTP status %d", ErrNoAnswer, x.Status)
}

// notify makes the signed call.
func (m *Marketplace) notify(ctx context.Context, x *Exchange) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, x.Notification, nil)
	if err != nil {
		return fmt.Errorf("reading the endpoint: %w", err)
	}
	if err := m.credentials.present(ctx, req); err != nil {
		return err
	}
	form := x.Event.Form
	if form == "" {
		form = FormJSON
	}
	req.Header.Set("Accept", "application/"+form)
	req.Header.Set("X-Request-Id", x.Event.Token)
	res, err := m.do(req)
	if err != nil {
		return fmt.Errorf("notifying the vendor: %w", err)
	}
	defer res.Body.Close()
	if x.Status = res.StatusCode; x.Status == http.StatusUnauthorized {
		m.credentials.refused()
	}
	if x.Body, err = io.ReadAll(io.LimitReader(res.Body, maxBody)); err != nil {
		return fmt.Errorf("reading the vendor's answer: %w", err)
	}
	return nil
}

// do makes a request to the vendor, by way of Options.Via.
func (m *Marketplace) do(req *http.Request) (*http.Response, error) {
	if m.options.Via != "" {
		via, err := url.Parse(m.options.Via)
		if err != nil {
			return nil, fmt.Errorf("reading the address to go by: %w", err)
		}
		req.Host = req.URL.Host
		req.URL.Scheme, req.URL.Host = via.Scheme, via.Host
	}
	return m.client.Do(req)
}

// absent: an endpoint answers so where it does not serve what was asked for. A
// source that does not takes the request for a notification, by a wrong method.
func absent(status int) bool {
	return status == http.StatusNotFound || status == http.StatusMethodNotAllowed
}

// expand fills in the template.
func expand(endpoint, address, token string) string {
	if !strings.Contains(endpoint, eventAddressPlaceholder) && !strings.Contains(endpoint, tokenPlaceholder) {
		separator := "?"
		if strings.Contains(endpoint, "?") {
			separator = "&"
		}
		endpoint += separator + "url=" + eventAddressPlaceholder
	}
	return strings.NewReplacer(
		eventAddressPlaceholder, url.QueryEscape(address), tokenPlaceholder, url.QueryEscape(token),
	).Replace(endpoint)
}

func (m *Marketplace) eventAddress(token string) string {
	return m.URL() + eventsPath + url.PathEscape(token)
}

func (m *Marketplace) fetches(l *listing) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return l.fetches
}
