package simulate

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// StandIn is what every stand-in is made with. The zero value works.
type StandIn struct {
	// Addr is the loopback address to listen on; "" means AnyPort.
	Addr string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	Log zerolog.Logger
}

func (o StandIn) now() time.Time {
	if o.Now != nil {
		return o.Now()
	}
	return time.Now()
}

// Stripe answers the calls of Stripe's v1 API that customers and subscriptions
// take, statefully: what was created is listed, changed and cancelled. Requests
// are answered one at a time. Idempotency keys work as Stripe documents them;
// parameters it does not know are ignored. (Stripe API reference, 'Customers',
// 'Subscriptions', 'Idempotent requests', 'Errors'.)
type Stripe struct {
	options StandIn
	server  server
	calls   calls

	mu            sync.Mutex
	keys          idempotency
	customers     []StripeCustomer
	subscriptions []StripeSubscription
	made          int // objects of any kind: ids are numbered
	requests      int // numbered too
	troubles      map[string]trouble
}

// trouble is what every request about a customer gets.
type trouble struct {
	status int
	after  time.Duration
}

// StripeCustomer is a customer as the stand-in knows one.
type StripeCustomer struct {
	ID, Email, Name string
	Metadata        map[string]string
	Created         time.Time
}

// StripeSubscription is a subscription as the stand-in knows one. Status is
// active, trialing or canceled.
type StripeSubscription struct {
	ID, Customer, Status string
	Items                []StripeItem
	Metadata             map[string]string
	Created              time.Time
}

// StripeItem is one priced line of a subscription.
type StripeItem struct {
	ID, Price string
	Quantity  int64
}

// NewStripe makes a stand-in that Start serves.
func NewStripe(o StandIn) *Stripe { return &Stripe{options: o} }

// Start listens and serves. Calling it again changes nothing.
func (s *Stripe) Start() error {
	return s.server.start(s.options.Addr, httpEngine(s, s.options.Log))
}

// Stop ends what Start began and waits for it. What was created stays known.
func (s *Stripe) Stop() { s.server.stop() }

// URL is the base address, without /v1, once started.
func (s *Stripe) URL() string { return s.server.url() }

// FailNext makes the next n requests fail with that HTTP status. A status of
// 500 and above is remembered under the request's idempotency key, as Stripe
// does it; one below, 429 say, is not, since nothing was begun.
func (s *Stripe) FailNext(n, status int) { s.calls.failNext(n, status) }

// FailFor makes every request about that customer fail with that HTTP status,
// and ask by Retry-After to come again no sooner than after, in whole seconds;
// a status of 0 ends it.
func (s *Stripe) FailFor(customer string, status int, after time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.troubles == nil {
		s.troubles = map[string]trouble{}
	}
	s.troubles[customer] = trouble{status: status, after: after}
}

// troubleFor is the trouble of the customer that a request names, itself or by
// one of its subscriptions.
func (s *Stripe) troubleFor(r *http.Request) trouble {
	customer, id := r.Form.Get("customer"), path.Base(r.URL.Path)
	if sub := s.subscription(id); sub != nil {
		customer = sub.Customer
	}
	if customer == "" {
		customer = id
	}
	return s.troubles[customer]
}

// Calls are the latest requests, in order.
func (s *Stripe) Calls() []Call { return s.calls.all() }

// Customers are those created, in order.
func (s *Stripe) Customers() []StripeCustomer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.customers)
}

// Subscriptions are those created, in order, whatever their status.
func (s *Stripe) Subscriptions() []StripeSubscription {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.subscriptions)
}

// Summary tells in a line what the stand-in holds and was asked.
func (s *Stripe) Summary() string {
	subscriptions := s.Subscriptions()
	var cancelled int
	for _, sub := range subscriptions {
		if sub.Status == statusCanceled {
			cancelled++
		}
	}
	return fmt.Sprintf("Stripe: %s, %s (%d cancelled), %s",
		plural(len(s.Customers()), "customer"), plural(len(subscriptions), "subscription"), cancelled, s.calls.summary())
}

// ServeHTTP answers one request.
func (s *Stripe) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	call := Call{At: s.options.now(), Method: r.Method, Path: r.URL.RequestURI(), Key: r.Header.Get("Idempotency-Key")}
	a := s.answer(r, &call)
	call.Status = a.status
	s.calls.add(call)
	s.requests++
	w.Header().Set("Request-Id", fmt.Sprintf("req_%06d", s.requests))
	a.write(w)
}

func (s *Stripe) answer(r *http.Request, call *Call) answer {
	if err := r.ParseForm(); err != nil {
		return stripeError(http.StatusBadRequest, "invalid_request_error", "", "The request could not be read.")
	}
	if !hasBearer(r) {
		return stripeError(http.StatusUnauthorized, "invalid_request_error", "", "You did not provide an API key.")
	}
	keyed := r.Method == http.MethodPost && call.Key != ""
	fingerprint := r.Method + " " + r.URL.Path + "?" + r.Form.Encode()
	if keyed {
		first, known := s.keys.recall(call.Key, call.At)
		switch {
		case known && first.fingerprint != fingerprint:
			return stripeError(http.StatusBadRequest, "idempotency_error", "",
				"Keys for idempotent requests can only be used with the same parameters they were first used with.")
		case known:
			call.Replayed = true
			return first.replay()
		}
	}
	var a answer
	fault := s.troubleFor(r)
	if fault.status == 0 {
		fault.status = s.calls.fault()
	}
	if fault.status != 0 {
		call.Fault = true
		a = stripeError(fault.status, stripeErrorType(fault.status), "", "The stand-in was told to fail this request.")
		if fault.after > 0 {
			a.header = http.Header{"Retry-After": {strconv.Itoa(int(fault.after.Seconds()))}}
		}
	} else {
		a = s.perform(r, call.At)
	}
	if keyed && began(a.status) {
		s.keys.remember(call.Key, call.At, fingerprint, a)
	}
	return a
}

// began tells the answers that Stripe keeps under a key, those of a request that
// started to be carried out, from refusals of its parameters and rate limits.
func began(status int) bool {
	return status < http.StatusBadRequest || status == http.StatusPaymentRequired ||
		status >= http.StatusInternalServerError
}

func (s *Stripe) perform(r *http.Request, at time.Time) answer {
	resource, ok := strings.CutPrefix(r.URL.Path, "/v1/")
	if !ok {
		return stripeUnknown(r)
	}
	kind, id, _ := strings.Cut(resource, "/")
	switch r.Method + " " + kind {
	case "GET customers":
		if id != "" {
			return s.getCustomer(id)
		}
		return s.listCustomers(r.Form)
	case "POST customers":
		if id == "" {
			return s.createCustomer(r.Form, at)
		}
	case "GET subscriptions":
		if id != "" {
			return s.getSubscription(id)
		}
		return s.listSubscriptions(r.Form)
	case "POST subscriptions":
		if id == "" {
			return s.createSubscription(r.Form, at)
		}
		return s.changeSubscription(id, r.Form)
	case "DELETE subscriptions":
		return s.cancelSubscription(id)
	}
	return stripeUnknown(r)
}

func hasBearer(r *http.Request) bool {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return ok && token != ""
}

func stripeUnknown(r *http.Request) answer {
	return stripeError(http.StatusNotFound, "invalid_request_error", "",
		fmt.Sprintf("Unrecognized request URL (%s: %s).", r.Method, r.URL.Path))
}

func stripeMissing(status int, kind, id string) answer {
	return stripeError(status, "invalid_request_error", "resource_missing", fmt.Sprintf("No such %s: '%s'", kind, id))
}

func stripeErrorType(status int) string {
	switch {
	case status == http.StatusPaymentRequired:
		return "card_error"
	case status >= http.StatusInternalServerError:
		return "api_error"
	}
	return "invalid_request_error"
}

func stripeError(status int, kind, code, message string) answer {
	e := object{"type": kind, "message": message}
	if code != "" {
		e["code"] = code
	}
	return jsonAnswer(status, object{"error": e})
}

// jsonAnswer writes v, which holds nothing that JSON can't say.
func jsonAnswer(status int, v any) answer {
	body, err := json.Marshal(v)
	if err != nil {
		return answer{status: http.StatusInternalServerError}
	}
	return answer{status: status, body: body}
}

// metadataOf collects the form's metadata[name] parameters.
func metadataOf(form url.Values) map[string]string {
	metadata := map[string]string{}
	for name, values := range form {
		if inner, ok := strings.CutPrefix(name, "metadata["); ok && strings.HasSuffix(inner, "]") {
			metadata[strings.TrimSuffix(inner, "]")] = values[0]
		}
	}
	return metadata
}
