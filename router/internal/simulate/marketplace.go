package simulate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
)

const (
	// answerWithin is how long AppDirect waits for the answer to a notification.
	// (AppDirect documentation, 'Synchronous and asynchronous events'.)
	answerWithin = 5 * time.Second
	// defaultCallbackWithin bounds the wait for a result after a 202, which the
	// real marketplace does not: somebody looks at a terminal here.
	defaultCallbackWithin = time.Minute
	// signatureWindow is how far the time of a vendor's signature may be off.
	signatureWindow = 5 * time.Minute

	defaultPartner = "SIMULATED"
)

// ErrNotStarted: an event can't be sent by a marketplace that does not serve it.
var ErrNotStarted = errors.New("the marketplace is not started")

// Options is what a Marketplace is made with.
type Options struct {
	// Addr is the loopback address to listen on; "" means AnyPort.
	Addr string
	// Partner is the marketplace's own code in the events; "" means SIMULATED.
	Partner string
	// ConsumerKey and ConsumerSecret sign what goes out and verify what comes
	// in: a product with shared credentials, unless it has Separate ones.
	ConsumerKey    string
	ConsumerSecret router.Secret
	Separate       *Separate
	// Via, if not "", is the base address at which the vendor's endpoints are
	// reached ("http://127.0.0.1:8480"), where the endpoints' own host is public
	// and the daemon is here. Signatures are made over the endpoints all the same.
	Via string
	// CallbackWithin bounds the wait for a result after a 202; 0 means a minute.
	CallbackWithin time.Duration

	// Now, Nonce and NewToken are the clock, the nonces of signatures and the
	// names of events; nil means the real clock and random ones.
	Now             func() time.Time
	Nonce, NewToken func() string

	Log zerolog.Logger
}

// Marketplace is AppDirect's side of the protocol. It serves the events it has
// sent under /api/integration/v1/events/, each until it is answered, and takes
// their results. Its methods may be called at once. (AppDirect documentation,
// 'Integration events'.)
type Marketplace struct {
	options     Options
	credentials credentials
	client      *http.Client
	server      server

	mu      sync.Mutex
	listed  map[string]*listing // by token
	order   []string            // tokens, oldest first
	fetched int
	refused int // requests whose signature was not accepted
}

// listing is one event that the marketplace serves.
type listing struct {
	event    Event
	json     []byte // the event's document in both forms
	xml      []byte
	answered chan struct{} // closed once result is known

	// What follows is the marketplace's to lock.

	fetches    int
	posts      int // results posted, those that were refused on purpose too
	result     *Result
	byCallback bool
}

// Faults is what a marketplace does wrong with one event.
type Faults struct {
	// Delay is how long each fetch takes.
	Delay time.Duration
	// Fail is the number of fetches, the first ones, that are answered with
	// Status; a Status of 0 is 503.
	Fail, Status int
	// CallbackFail is the number of posted results, the first ones, that are not
	// taken but answered with CallbackStatus; a CallbackStatus of 0 is 503.
	CallbackFail, CallbackStatus int
	// Gone: somebody has resolved the event by hand; each fetch and each posted
	// result is answered 410.
	Gone bool
}

// NewMarketplace makes a marketplace that Start serves.
func NewMarketplace(o Options) *Marketplace {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.NewToken == nil {
		o.NewToken = uuid.NewString
	}
	if o.Partner == "" {
		o.Partner = defaultPartner
	}
	if o.CallbackWithin == 0 {
		o.CallbackWithin = defaultCallbackWithin
	}
	m := &Marketplace{options: o, credentials: newShared(o), client: newClient(), listed: map[string]*listing{}}
	if o.Separate != nil {
		m.credentials = &separate{Separate: *o.Separate, m: m}
	}
	return m
}

// newClient returns a client that leaves time limits to the context and follows
// no redirect: the first answer is the answer.
func newClient() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{MaxResponseHeaderBytes: maxHeader, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Start listens and serves. Calling it again changes nothing.
func (m *Marketplace) Start() error {
	return m.server.start(m.options.Addr, httpEngine(m.routes(), m.options.Log))
}

// Stop ends what Start began and waits for it. Events stay listed.
func (m *Marketplace) Stop() { m.server.stop() }

// URL is the base address that events name and that a vendor has to allow, once
// started.
func (m *Marketplace) URL() string { return m.server.url() }

// Summary tells in a line what was sent and how it ended.
func (m *Marketplace) Summary() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var succeeded, failed, late int
	for _, l := range m.listed {
		switch {
		case l.result == nil:
			continue
		case l.result.Success:
			succeeded++
		default:
			failed++
		}
		if l.byCallback {
			late++
		}
	}
	s := fmt.Sprintf("Marketplace: %s, %d succeeded (%d by callback), %d failed, %s fetched",
		plural(len(m.listed), "event"), succeeded, late, failed, plural(m.fetched, "document"))
	if m.refused > 0 {
		s += ", " + plural(m.refused, "signature") + " refused"
	}
	return s
}

// list makes the event known under its token. One that is listed already stays
// as it is, and is what is returned: a repeat is of the same event. A STATELESS
// one is listed anew, since its tokens are constants.
func (m *Marketplace) list(e Event) (*listing, error) {
	base := m.URL()
	if base == "" {
		return nil, ErrNotStarted
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if e.Token == "" {
		e.Token = m.options.NewToken()
	}
	if known := m.listed[e.Token]; known != nil && e.Flag != router.FlagStateless {
		return known, nil
	}
	e.Attributes = maps.Clone(e.Attributes)
	if e.Attributes == nil {
		e.Attributes = object{}
	}
	own := object{"partner": m.options.Partner, "baseUrl": base}
	if given, ok := e.Attributes["marketplace"].(object); ok {
		maps.Copy(own, given)
	}
	e.Attributes["marketplace"] = own
	l := &listing{event: e, answered: make(chan struct{})}
	if err := l.write(); err != nil {
		return nil, err
	}
	if m.listed[e.Token] != nil {
		m.forget(e.Token)
	}
	if len(m.order) == maxKept {
		m.forget(m.order[0])
	}
	m.listed[e.Token], m.order = l, append(m.order, e.Token)
	return l, nil
}

// write writes the documents once: what can't be written is not listed.
func (l *listing) write() error {
	document, err := l.event.document()
	if err != nil {
		return err
	}
	if l.json, err = document.JSON(); err != nil {
		return fmt.Errorf("writing the event in JSON: %w", err)
	}
	if l.xml, err = document.XML(); err != nil {
		return fmt.Errorf("writing the event in XML: %w", err)
	}
	return nil
}

func (m *Marketplace) forget(token string) {
	delete(m.listed, token)
	m.order = slices.DeleteFunc(m.order, func(t string) bool { return t == token })
}

// settle records the event's result; the first one counts. It reports whether
// this is the first.
func (m *Marketplace) settle(l *listing, r Result, byCallback bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if l.result != nil {
		return false
	}
	l.result, l.byCallback = &r, byCallback
	close(l.answered)
	return true
}

// ErrNoResult: the vendor said that it would answer later, and did not in time.
var ErrNoResult = errors.New("no result was posted in time")

// await waits for the result of an event that was answered with 202.
func (m *Marketplace) await(ctx context.Context, l *listing) (Result, error) {
	waiting, cancel := context.WithTimeout(ctx, m.options.CallbackWithin)
	defer cancel()
	select {
	case <-l.answered:
		m.mu.Lock()
		defer m.mu.Unlock()
		return *l.result, nil
	case <-waiting.Done():
		if err := ctx.Err(); err != nil {
			return Result{}, err
		}
		return Result{}, ErrNoResult
	}
}
