package subscriptionbridge

import (
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

// keySeparator stands between the parts of an event's key. No username has it
// and the Action is one of five, so that it can't be mistaken in the GUID.
const keySeparator = "|"

// Receive takes a POST on any path that ends in EventRequest, NotificationRequest
// or GetTimeRequest, in any case: SubscriptionBridge never published the rest of
// the address. The root element decides which of them it is.
func (s *Source) Receive(r *http.Request, body []byte) (router.Notice, *router.Response, error) {
	now := s.now()
	if r.Method != http.MethodPost {
		res := failureAnswer(http.StatusMethodNotAllowed, now)
		res.Header.Set("Allow", http.MethodPost)
		return router.Notice{}, &res, errors.New("the request is no POST")
	}
	if !callPath(r.URL.Path) {
		return unreadable(now, fmt.Errorf("the path ends in none of %s, %s and %s", rootEventRequest, rootNotificationRequest, rootGetTimeRequest))
	}
	written, err := documentIn(r, body)
	if err != nil {
		return unreadable(now, err)
	}
	doc, err := readDocument(written)
	root := answerRoot(doc.root)
	if ampersand, ok := errors.AsType[*ampersandError](err); ok && root != "" {
		return s.refuse(root, codeInvalid, sentence(ampersand), now, ampersand)
	}
	switch {
	case err != nil:
		return unreadable(now, err)
	case doc.root == rootGetTimeRequest:
		res := s.timeAnswer(now)
		return router.Notice{}, &res, nil
	case root == "":
		return unreadable(now, fmt.Errorf("the root element is none of %s, %s and %s", rootEventRequest, rootNotificationRequest, rootGetTimeRequest))
	}
	return s.receiveEvent(r, root, doc, now)
}

func callPath(p string) bool {
	last := path.Base(p)
	return slices.ContainsFunc([]string{rootEventRequest, rootNotificationRequest, rootGetTimeRequest},
		func(call string) bool { return strings.EqualFold(last, call) })
}

// answerRoot is the root of the answer to a call that brings an event, or "".
func answerRoot(call string) string {
	switch call {
	case rootEventRequest:
		return eventResponse
	case rootNotificationRequest:
		return notificationResponse
	}
	return ""
}

// receiveEvent takes either of the calls that fire an event. The two are twins:
// the same fields, the same Actions, the same purpose (SubscriptionBridge wiki,
// "EventRequest", "NotificationRequest"). So they are the same event, and a
// caller that makes both, or changes from one to the other for a repeat, has it
// happen once; each is answered in its own form.
func (s *Source) receiveEvent(r *http.Request, root string, doc document, now time.Time) (router.Notice, *router.Response, error) {
	from, unknown := s.authenticate(r, doc, now)
	if unknown != nil {
		return s.refuse(root, codeAuthentication, unknown.public, now, unknown.error)
	}
	switch {
	case doc.guid == "":
		return s.refuse(root, codeMissing, "GUID is missing.", now, errors.New("the GUID is missing"))
	case len(doc.guid) > maxGUID:
		return s.refuse(root, codeInvalid, "GUID is too long.", now, fmt.Errorf("the GUID is longer than %d bytes", maxGUID))
	case doc.action == "":
		return s.refuse(root, codeMissing, "Action is missing.", now, errors.New("the Action is missing"))
	}
	if _, ok := findAction(doc.action); !ok {
		return s.refuse(root, codeInvalid, "Action is unknown. It is one of: "+strings.Join(actionNames(), ", ")+".", now,
			fmt.Errorf("the Action %.64q is unknown", doc.action))
	}
	return router.Notice{
		Source:     s.name,
		Key:        from.username + keySeparator + doc.guid + keySeparator + doc.action,
		Base:       from.username,
		Token:      doc.guid,
		Credential: from.username,
		Format:     root,
		Body:       doc.masked,
		Received:   now,
	}, nil, nil
}

// refuse answers a call that can be read but not taken.
func (s *Source) refuse(root, code, public string, now time.Time, why error) (router.Notice, *router.Response, error) {
	res := s.refusal(root, code, public, now)
	return router.Notice{}, &res, why
}

// sentence makes a public text of an error that may be told.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// unreadable answers what is no call: HTTP 500, which the documentation calls
// a complete failure, such as the wrong endpoint.
func unreadable(now time.Time, why error) (router.Notice, *router.Response, error) {
	res := failureAnswer(http.StatusInternalServerError, now)
	return router.Notice{}, &res, why
}
