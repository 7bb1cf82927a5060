package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/signalbox/signalbox/router"
)

// maxName bounds an event's id and type, which are keys in the journal and stand
// in log lines. Known senders' ids have up to 60 bytes.
const maxName = 512

// Source is one configured address that events are posted to.
type Source struct {
	name        string
	proofs      []proof
	anyone      bool
	origins     []string
	replyWithin time.Duration
	expressions map[string]router.RequestText
	now         func() time.Time
	// read is what the kinds differ in: how a request that is let in is read.
	read func(r *http.Request, body []byte, by *proof) (arrival, error)
}

var _ router.Source = (*Source)(nil)

// arrival is what a request says of its event.
type arrival struct {
	key, token string
	// payload is nil where the body is it.
	payload    []byte
	Type       string          `json:"type"`
	Lane       string          `json:"lane,omitempty"`
	Attributes json.RawMessage `json:"attributes"`
	// Payload is how many bytes payload has.
	Payload int `json:"payload,omitempty"`
}

// refusal is a request that is not taken.
type refusal struct {
	status int
	// public is what the sender is told.
	public string
	// why is for the operator; nil is the same as public.
	why error
}

func (e *refusal) Error() string {
	if e.why == nil {
		return e.public
	}
	return e.why.Error()
}

func (e *refusal) Unwrap() error { return e.why }

// Receive lets a POST in whose sender proves itself, and reads it at once, so
// that one which can't be read is refused while its sender listens.
func (s *Source) Receive(r *http.Request, body []byte) (router.Notice, *router.Response, error) {
	if body == nil {
		return router.Notice{}, nil, errors.New("the body can't be read")
	}
	if resp := s.permission(r); resp != nil {
		return router.Notice{}, resp, nil
	}
	if r.Method != http.MethodPost {
		resp := refuse(http.StatusMethodNotAllowed, "Events are posted.")
		resp.Header.Set("Allow", http.MethodPost)
		return router.Notice{}, resp, errors.New("the request is no POST")
	}
	by, err := s.authenticate(r, body)
	if err != nil {
		resp := refuse(http.StatusUnauthorized, "The request does not prove who sent it.")
		resp.Header["Www-Authenticate"] = s.challenge()
		return router.Notice{}, resp, err
	}
	a, err := s.read(r, body, by)
	var refused *refusal
	switch {
	case errors.As(err, &refused):
		return router.Notice{}, refuse(refused.status, refused.public), refused
	case err != nil:
		return router.Notice{}, refuse(http.StatusBadRequest, "The request can't be read."), err
	}
	document, err := a.document(body)
	if err != nil {
		return router.Notice{}, nil, err
	}
	return router.Notice{
		Source: s.name, Key: a.key, Token: a.token, Credential: by.name, Body: document, Received: s.now(),
	}, nil, nil
}

// document is a notice's body: what was read on the first line, below it the
// payload if there is one of its own, and the request's body as received.
func (a *arrival) document(body []byte) ([]byte, error) {
	a.Payload = len(a.payload)
	var b bytes.Buffer
	b.Grow(len(a.Attributes) + len(a.payload) + len(body) + maxName)
	e := json.NewEncoder(&b) // ends with a line feed, and writes no other
	e.SetEscapeHTML(false)
	if err := e.Encode(a); err != nil {
		return nil, fmt.Errorf("writing the notice: %w", err)
	}
	b.Write(a.payload)
	b.Write(body)
	return b.Bytes(), nil
}

// Fetch reads the event from the notice.
func (s *Source) Fetch(_ context.Context, n router.Notice) (router.Event, error) {
	head, rest, _ := bytes.Cut(n.Body, []byte{'\n'})
	var a arrival
	err := json.Unmarshal(head, &a)
	if err == nil && (a.Payload < 0 || a.Payload > len(rest)) {
		err = fmt.Errorf("its payload can't have %d bytes", a.Payload)
	}
	if err != nil {
		return router.Event{}, &router.FetchError{
			Kind: router.FetchRefused, Code: router.CodeFetch, Message: messageFailed, Err: fmt.Errorf("reading the notice: %w", err),
		}
	}
	payload, body := rest[:a.Payload], rest[a.Payload:]
	if a.Payload == 0 {
		payload = body
	}
	e := router.Event{
		Source: n.Source, Type: a.Type, Received: n.Received,
		Payload: payload, Attributes: a.Attributes, Raw: body, Notice: n,
	}
	if a.Lane != "" {
		e.Lane = n.Source + "|" + a.Lane
	}
	return e, nil
}

// ask reads an attribute of the event from its request: by the operator's
// expression, else where the sender is known to have it. "" is that there is none.
func (s *Source) ask(attr string, by *proof, req router.Request) (string, error) {
	read := s.expressions[attr]
	if read == nil {
		read = by.own[attr]
	}
	if read == nil {
		return "", nil
	}
	v, err := read(req)
	if err != nil {
		return "", &refusal{http.StatusBadRequest, "The event's " + attr + " can't be read from the request.", fmt.Errorf("%s: %w", attr, err)}
	}
	return v, nil
}

// checkName refuses a name that is too long, or that a header has and JSON can't
// say: it would be another one wherever the event is shown.
func checkName(attr, value string) error {
	switch {
	case len(value) > maxName:
		return &refusal{http.StatusBadRequest, fmt.Sprintf("The event's %s is longer than %d bytes.", attr, maxName), nil}
	case !utf8.ValidString(value):
		return &refusal{http.StatusBadRequest, fmt.Sprintf("The event's %s is not in UTF-8.", attr), nil}
	}
	return nil
}

// need is ask for what there must be.
func (s *Source) need(attr string, by *proof, req router.Request) (string, error) {
	v, err := s.ask(attr, by, req)
	switch {
	case err != nil:
		return "", err
	case v == "":
		return "", &refusal{http.StatusBadRequest, "The request does not say the event's " + attr + ".",
			fmt.Errorf("%s: the request has none where it is looked for", attr)}
	}
	return v, checkName(attr, v)
}

// Limits says that a sender is told "accepted" when its time is over: it can't
// be called back. Senders repeat for days, always with the same id, so that
// the key stands for as long as the event is kept.
func (s *Source) Limits(string) router.Limits {
	return router.Limits{ReplyWithin: s.replyWithin, Late: router.LateAccepted}
}

// Callback is never owed.
func (s *Source) Callback(context.Context, *router.Event, router.Verdict) router.Outcome {
	return router.Outcome{Kind: router.Rejected, Detail: "who posts events can't be called back"}
}

// MissingReply names nothing: the status alone is an answer.
func (s *Source) MissingReply(*router.Event, []byte) string { return "" }
