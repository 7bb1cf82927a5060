package appdirect

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"slices"

	"github.com/signalbox/signalbox/router"
)

// Result is the answer to an event (AppDirect documentation, "Integration
// events", notification URLs). Empty members are left out.
type Result struct {
	Success           bool       `json:"success"`
	AccountIdentifier string     `json:"accountIdentifier,omitempty"`
	UserIdentifier    string     `json:"userIdentifier,omitempty"`
	ID                string     `json:"id,omitempty"`
	ErrorCode         string     `json:"errorCode,omitempty"`
	Message           string     `json:"message,omitempty"`
	Metadata          []Metadata `json:"metadata,omitempty"`
}

// Metadata is one of the values that an ADDON_BIND hands to the application.
type Metadata struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// maxMessage bounds what a customer is shown, in runes. AppDirect documents no
// limit; the marketplace shows the message beside the event and keeps it in a
// line of its event log, where a few sentences are what there is room for.
const maxMessage = 500

// What a customer reads where nobody said anything better.
const (
	messageAccepted = "The request was accepted and is being processed."
	messageNotNow   = "The service is busy at the moment. Please try again in a few minutes."
	messageFailed   = "The request could not be completed. Please contact the vendor's support."
)

// Reply says a verdict in the response to the notification. 202 announces a
// callback; a SUBSCRIPTION_NOTICE gets none, so that accepting it is a success
// (AppDirect documentation, "Asynchronous events"). Everything else is 200: a
// marketplace shows other statuses as a broken connection.
func (s *Source) Reply(e *router.Event, v router.Verdict) router.Response {
	switch {
	case cmp.Or(e.Type, e.Notice.Type) == typeOrderValidation:
		return s.replyToForm(e, v)
	case e.Notice.Format == formatBrowser:
		return s.replyToBrowser(e, v)
	}
	status := http.StatusOK
	if v.Kind == router.Accepted && s.Limits(e.Type).Late == router.LateCallback {
		status = http.StatusAccepted
	}
	return *respond(status, e.Notice.Format, resultOf(e.Type, v))
}

func resultOf(eventType string, v router.Verdict) Result {
	var r Result
	switch v.Kind {
	case router.Success, router.Warning:
		r = readReply(v.Reply).of(eventType)
		r.Success = true
		if r.Message == "" {
			r.Message = v.Message
		}
	case router.Accepted:
		r = Result{Success: true, Message: messageAccepted}
	case router.NotNow:
		r = Result{ErrorCode: codeUnknownError, Message: messageNotNow}
	default:
		r = Result{ErrorCode: errorCode(v.Code), Message: v.Message}
		if r.Message == "" {
			r.Message = messageFailed
		}
	}
	r.Message = bounded(r.Message, maxMessage)
	return r
}

// of leaves out what a result of that event type does not hold.
func (r Result) of(eventType string) Result {
	takes, known := replyTakes[eventType]
	if !known {
		return r
	}
	if !slices.Contains(takes, "accountIdentifier") {
		r.AccountIdentifier = ""
	}
	if !slices.Contains(takes, "userIdentifier") {
		r.UserIdentifier = ""
	}
	if !slices.Contains(takes, "id") {
		r.ID = ""
	}
	if !slices.Contains(takes, "metadata") {
		r.Metadata = nil
	}
	return r
}

// errorCode maps a verdict's code. That no route takes an event, or that one
// fails before anything has run, is a fault of the vendor's configuration,
// which is what AppDirect has CONFIGURATION_ERROR for. A code that is spelt as
// AppDirect's are passes, known or not: their set has grown before, and the
// configuration warns of those it does not know. A plugin's own codes are in
// lower case, and no marketplace would understand them.
func errorCode(code string) string {
	switch {
	case code == router.CodeUnrouted, code == router.CodeFailed:
		return codeConfigurationError
	case code == codeCanceled:
		return codeCancelled
	case isCode(code):
		return code
	}
	return codeUnknownError
}

// maxCode is far above the length of AppDirect's own codes.
const maxCode = 64

// isCode reports whether a text is spelt as AppDirect's codes are.
func isCode(text string) bool {
	if text == "" || len(text) > maxCode || text[0] < 'A' || text[0] > 'Z' {
		return false
	}
	for i := range len(text) {
		if c := text[i]; (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}

// readReply reads the reply attributes of the routes. What is not of the
// reply's schema, which the configuration has checked, reads as absent.
func readReply(reply []byte) Result {
	if len(reply) == 0 {
		return Result{}
	}
	tree, err := readJSON(reply)
	if err != nil {
		return Result{}
	}
	return resultFrom(tree)
}

func resultFrom(tree any) Result {
	m, _ := normalise(tree, &resultShape).(map[string]any)
	text := func(name string) string {
		t, _ := m[name].(string)
		return t
	}
	success, _ := m["success"].(bool)
	r := Result{
		Success: success, AccountIdentifier: text("accountIdentifier"), UserIdentifier: text("userIdentifier"),
		ID: text("id"), ErrorCode: text("errorCode"), Message: text("message"),
	}
	metadata, _ := m["metadata"].(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		if value, ok := metadata[key].(string); ok {
			r.Metadata = append(r.Metadata, Metadata{key, value})
		}
	}
	return r
}

// DecodeResult reads a result in the JSON or the XML form. The documentation
// prints success as a text and some names in lower case; both are read too.
func DecodeResult(raw []byte) (Result, error) {
	tree, err := readTree(raw, "result")
	if err != nil {
		return Result{}, err
	}
	m, _ := normalise(tree, &resultShape).(map[string]any)
	if _, ok := m["success"].(bool); !ok {
		return Result{}, errors.New("the result does not say whether it is a success")
	}
	return resultFrom(m), nil
}

// json writes the result. It can't fail: there are only texts and a boolean.
func (r Result) json() []byte {
	raw, _ := writeTree(r)
	return raw
}

// xml writes the same members, by their documented names, hence can't fail
// either.
func (r Result) xml() []byte {
	tree, _ := readJSON(r.json())
	m, _ := normalise(tree, &resultShape).(map[string]any)
	raw, _ := writeXML("<result>", m, &resultShape, "</result>")
	return raw
}

// respond writes a result in a form.
func respond(status int, format string, r Result) *router.Response {
	resp := &router.Response{Status: status, Header: http.Header{}}
	if format == formatXML {
		resp.Header.Set("Content-Type", "application/xml;charset=UTF-8")
		resp.Body = r.xml()
	} else {
		resp.Header.Set("Content-Type", "application/json")
		resp.Body = r.json()
	}
	return resp
}
