package webhook

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/signalbox/signalbox/router"
)

// retryAfter is when a sender that is turned away may come again, in seconds:
// the daemon is full or stops, and either takes moments.
const retryAfter = 5

// What a sender is told where nobody else says it.
const (
	messageFailed = "The event could not be processed."
	messageNotNow = "The event was not taken in. Please send it again later."
)

// answer is the body of every answer. Known senders show it in their log, and
// read nothing in it.
type answer struct {
	ID      string `json:"id,omitempty"`
	Status  string `json:"status"`
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
}

// Reply says a verdict:
//
//	success, warning   200
//	accepted           202  its end is not known yet, or it is held
//	error              422  a repeat would get the same answer
//	not now            503  with Retry-After
//
// Senders repeat whatever is no 2xx, some for days, and an error's repeats cost
// no more than a look into the journal. It is never 410, which Standard
// Webhooks has mean that the endpoint is gone (Standard Webhooks, "Responses").
func (s *Source) Reply(e *router.Event, v router.Verdict) router.Response {
	a := answer{ID: e.ID, Status: string(v.Kind), Code: v.Code, Message: v.Message}
	switch v.Kind {
	case router.Success, router.Warning:
		var reply struct {
			Message string `json:"message"`
		}
		// What a route replies was checked against the schema.
		if json.Unmarshal(v.Reply, &reply) == nil && reply.Message != "" {
			a.Message = reply.Message
		}
		return *respond(http.StatusOK, a)
	case router.Accepted:
		return *respond(http.StatusAccepted, a)
	case router.NotNow:
		a.Message = messageNotNow
		resp := respond(http.StatusServiceUnavailable, a)
		resp.Header.Set("Retry-After", strconv.Itoa(retryAfter))
		return *resp
	}
	if a.Message == "" {
		a.Message = messageFailed
	}
	return *respond(http.StatusUnprocessableEntity, a)
}

// refuse answers a request that has become no event.
func refuse(status int, public string) *router.Response {
	return respond(status, answer{Status: "refused", Message: public})
}

func respond(status int, a answer) *router.Response {
	body, err := json.Marshal(a)
	if err != nil {
		panic("a struct of strings does not encode: " + err.Error())
	}
	return &router.Response{Status: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: append(body, '\n')}
}
