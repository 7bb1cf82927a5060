package subscriptionbridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/signalbox/signalbox/router"
)

// maxGUID bounds the subscription's id. Known ones have 16 characters; it is an
// opaque text, not a UUID.
const maxGUID = 128

// action is one of the events that a caller may fire. The protocol has a name
// of its own for the last reminder of a pair; here it is a kind and a flag.
type action struct {
	name, kind string
	final      bool
}

// actions are all there are, in the wiki's order and spelling
// (SubscriptionBridge wiki, "EventRequest", Action).
func actions() []action {
	return []action{
		{"Trial_Ending_Reminder", "Trial_Ending_Reminder", false},
		{"Trial_Ending_Reminder_Final", "Trial_Ending_Reminder", true},
		{"Balance_Due", "Balance_Due", false},
		{"Balance_Due_Final", "Balance_Due", true},
		{"Subscription_Canceled", "Subscription_Canceled", false},
	}
}

func actionNames() []string {
	var names []string
	for _, a := range actions() {
		names = append(names, a.name)
	}
	return names
}

func findAction(name string) (action, bool) {
	all := actions()
	i := slices.IndexFunc(all, func(a action) bool { return a.name == name })
	if i < 0 {
		return action{}, false
	}
	return all[i], true
}

// Receive takes a POST on any path that ends in EventRequest or GetTimeRequest,
// in any case: SubscriptionBridge never published the rest of the address. The
// root element decides which of the two it is.
func (s *Source) Receive(r *http.Request, body []byte) (router.Notice, *router.Response, error) {
	now := s.now()
	if r.Method != http.MethodPost {
		res := failureAnswer(http.StatusMethodNotAllowed, now)
		res.Header.Set("Allow", http.MethodPost)
		return router.Notice{}, &res, errors.New("the request is no POST")
	}
	if !callPath(r.URL.Path) {
		return unreadable(now, fmt.Errorf("the path ends in neither %s nor %s", rootEventRequest, rootGetTimeRequest))
	}
	doc, err := readDocument(body)
	if err != nil {
		return unreadable(now, err)
	}
	switch doc.root {
	case rootGetTimeRequest:
		res := timeAnswer(now)
		return router.Notice{}, &res, nil
	case rootEventRequest:
		return s.receiveEvent(doc, now)
	}
	return unreadable(now, fmt.Errorf("the root element is neither %s nor %s", rootEventRequest, rootGetTimeRequest))
}

func callPath(p string) bool {
	last := path.Base(p)
	return strings.EqualFold(last, rootEventRequest) || strings.EqualFold(last, rootGetTimeRequest)
}

func (s *Source) receiveEvent(doc document, now time.Time) (router.Notice, *router.Response, error) {
	known := validToken(doc.token, s.secrets, now)
	if !known || doc.username != s.username {
		return refuse(codeAuthentication, "Username or Token is wrong, or the Token is too old.", now, s.whyUnknown(doc, now))
	}
	switch {
	case doc.guid == "":
		return refuse(codeMissing, "GUID is missing.", now, errors.New("the GUID is missing"))
	case len(doc.guid) > maxGUID:
		return refuse(codeInvalid, "GUID is too long.", now, fmt.Errorf("the GUID is longer than %d bytes", maxGUID))
	case doc.action == "":
		return refuse(codeMissing, "Action is missing.", now, errors.New("the Action is missing"))
	}
	if _, ok := findAction(doc.action); !ok {
		return refuse(codeInvalid, "Action is unknown. It is one of: "+strings.Join(actionNames(), ", ")+".", now,
			fmt.Errorf("the Action %.64q is unknown", doc.action))
	}
	return router.Notice{
		Source: s.name,
		// The name is one and the Action is one of five, so the bars can't be
		// mistaken for one in the GUID.
		Key:        s.username + "|" + doc.guid + "|" + doc.action,
		Base:       s.username,
		Token:      doc.guid,
		Credential: s.username,
		Body:       doc.masked,
		Received:   now,
	}, nil, nil
}

// whyUnknown is for the operator: it names no secret, and not what was sent,
// which may be one in the wrong place.
func (s *Source) whyUnknown(doc document, now time.Time) error {
	switch {
	case doc.username == "":
		return errors.New("the Username is missing")
	case doc.username != s.username:
		return errors.New("the Username is not the configured one")
	case doc.token == "":
		return errors.New("the Token is missing")
	}
	minute := func(m time.Duration) string { return now.Add(m * time.Minute).UTC().Format(minuteLayout) }
	return fmt.Errorf("the Token fits no minute from %s to %s UTC: compare the password, the API key and the caller's clock",
		minute(oldestMinute), minute(newestMinute))
}

// refuse answers an EventRequest that can be read but not taken.
func refuse(code, public string, now time.Time, why error) (router.Notice, *router.Response, error) {
	res := errorAnswer(code, public, now)
	return router.Notice{}, &res, why
}

// unreadable answers what is no call: HTTP 500, which the documentation calls
// a complete failure, such as the wrong endpoint.
func unreadable(now time.Time, why error) (router.Notice, *router.Response, error) {
	res := failureAnswer(http.StatusInternalServerError, now)
	return router.Notice{}, &res, why
}

type payload struct {
	GUID   string `json:"guid"`
	Action string `json:"action"`
	// Kind is the Action less its _Final, which Final tells.
	Kind  string `json:"kind"`
	Final bool   `json:"final"`
}

type attributes struct {
	Store store `json:"store"`
}

type store struct {
	Username string `json:"username"`
}

// Fetch reads the event from the notice itself; the protocol sends no more than
// that, and has nowhere to ask.
func (s *Source) Fetch(_ context.Context, n router.Notice) (router.Event, error) {
	doc, err := readDocument(n.Body)
	if err != nil {
		return router.Event{}, unfetchable(err)
	}
	a, ok := findAction(doc.action)
	if !ok {
		return router.Event{}, unfetchable(fmt.Errorf("the Action %.64q is unknown", doc.action))
	}
	p, err := json.Marshal(payload{GUID: doc.guid, Action: a.name, Kind: a.kind, Final: a.final})
	if err != nil {
		return router.Event{}, unfetchable(err)
	}
	attrs, err := json.Marshal(attributes{store{Username: doc.username}})
	if err != nil {
		return router.Event{}, unfetchable(err)
	}
	return router.Event{
		Source: n.Source, Type: a.name, Received: n.Received,
		Lane:    n.Source + "|" + doc.username + "|" + doc.guid,
		Payload: p, Attributes: attrs, Raw: n.Body, Notice: n,
	}, nil
}

// unfetchable is an error that no repeat will mend.
func unfetchable(err error) error {
	return &router.FetchError{Kind: router.FetchRefused, Code: codeInvalid, Message: messageFailed, Err: err}
}
