package subscriptionbridge

import (
	"encoding/xml"
	"net/http"
	"strings"
	"time"

	"github.com/signalbox/signalbox/router"
)

// Error codes. Only 10002 is SubscriptionBridge's own, as its ASP client knows
// it. The others are signalbox's invention: they follow PayPal's classic
// numbers, which 10002 seems to have been taken from.
const (
	codeInternal       = "10001"
	codeAuthentication = "10002"
	codeMissing        = "10003"
	codeInvalid        = "10004"
	// codeUnavailable alone invites a repeat: nothing of the event was kept.
	codeUnavailable = "10101"
)

// codes are all that an answer may carry.
func codes() []string {
	return []string{codeInternal, codeAuthentication, codeMissing, codeInvalid, codeUnavailable}
}

// What Status and Ack may say (SubscriptionBridge wiki, "EventRequest").
const (
	StatusSuccess = "Success"
	StatusWarning = "Warning"
	StatusError   = "Error"
)

// severityError is in capitals because SubscriptionBridge's PHP client takes
// every answer in which it doesn't find the word ERROR for a success.
const severityError = "ERROR"

// timeLayout has no zone: the documentation promises UTC and names no suffix,
// the same protocol's token is made over such a time, and the ASP client, which
// cuts date and time out by their columns, reads it.
const timeLayout = "2006-01-02T15:04:05"

// The messages of answers that have no verdict of a route behind them.
const (
	messageFailed   = "The event could not be processed."
	messageNotNow   = "The event was not taken in. Please send it again later."
	messageAccepted = "The event was accepted and is being processed."
)

// The roots of answers. Which of the first two it is stands in the notice's
// Format, since an event may be asked for by either call.
const (
	eventResponse        = "EventResponse"
	notificationResponse = "NotificationResponse"
	errorResponse        = "ErrorResponse"
	getTimeResponse      = "GetTimeResponse"
	errorDocument        = "Error"
)

// response is every answer there is: which elements it has depends on its root.
// It lies in no namespace and has no attributes: the known clients look elements
// up by their bare names.
type response struct {
	XMLName   xml.Name
	Status    string       `xml:"Status,omitempty"`
	Ack       string       `xml:"Ack,omitempty"`
	ErrorCode string       `xml:"ErrorCode,omitempty"` // of an ErrorResponse
	Timestamp string       `xml:"Timestamp,omitempty"`
	Message   string       `xml:"Message,omitempty"` // of a NotificationResponse
	Packages  *struct{}    `xml:"Packages"`
	Error     *errorDetail `xml:"Error"`
	// CurrentTime is what .NET and ASP clients put into their token as it
	// stands, so it has a token's form: its seconds are 00.
	CurrentTime string `xml:"CurrentTime,omitempty"`
}

type errorDetail struct {
	XMLName       xml.Name `xml:"Error"`
	ErrorCode     string   `xml:"ErrorCode"`
	ErrorShort    string   `xml:"ErrorShort"`
	ErrorDetail   string   `xml:"ErrorDetail"`
	SeverityLevel string   `xml:"SeverityLevel"`
}

// Reply says a verdict as an EventResponse or NotificationResponse, always in
// XML and with HTTP status 200: the .NET client throws the body of any other
// away, and the ASP and Magento clients take no other for an answer. So "not
// now" is a Status of Error too, with a code of its own and a text that asks for
// a repeat. Accepted is a Warning: the event is safe, its end not known.
// Timestamp is when the request came in, which is as near as the protocol gets
// to when the event was; and so a repeat reads the same answer.
func (s *Source) Reply(e *router.Event, v router.Verdict) router.Response {
	root, at := eventResponse, e.Notice.Received
	if e.Notice.Format == notificationResponse {
		root = notificationResponse
	}
	switch v.Kind {
	case router.Success:
		return s.told(root, StatusSuccess, v.Message, at)
	case router.Warning:
		return s.told(root, StatusWarning, v.Message, at)
	case router.Accepted:
		return s.told(root, StatusWarning, messageAccepted, at)
	case router.NotNow:
		return s.refusal(root, codeUnavailable, messageNotNow, at)
	}
	return s.refusal(root, knownCode(v.Code), v.Message, at)
}

// knownCode keeps a code of the protocol, which a route's mapping may have
// given, and makes an internal error of any other.
func knownCode(code string) string {
	if shortText(code) != "" {
		return code
	}
	return codeInternal
}

func shortText(code string) string {
	switch code {
	case codeInternal:
		return "Internal Error"
	case codeAuthentication:
		return "Authentication/Authorization Failed"
	case codeMissing:
		return "Missing Argument"
	case codeInvalid:
		return "Invalid Argument"
	case codeUnavailable:
		return "Temporarily Unavailable"
	}
	return ""
}

// told answers a call that was taken. NotificationResponse alone has a Message,
// "conditionally, helpful information for the end user" (SubscriptionBridge
// wiki, "NotificationRequest"): it is there whenever there is something to say.
func (s *Source) told(root, status, message string, at time.Time) router.Response {
	r := response{XMLName: xml.Name{Local: root}, Timestamp: at.UTC().Format(timeLayout)}
	if root == notificationResponse {
		r.Ack, r.Message = status, inWords(message, status)
		if s.compat.Status {
			r.Status = status
		}
		return answer(http.StatusOK, r)
	}
	r.Status = status
	if s.compat.Ack {
		r.Ack = status
	}
	if s.compat.Packages == packagesEmpty {
		r.Packages = &struct{}{}
	}
	return answer(http.StatusOK, r)
}

// refusal answers a readable call that was not taken, or came to an error. The
// detail is public.
func (s *Source) refusal(root, code, detail string, at time.Time) router.Response {
	if detail == "" {
		detail = messageFailed
	}
	e := &errorDetail{ErrorCode: code, ErrorShort: shortText(code),
		ErrorDetail: inWords(detail, StatusError), SeverityLevel: severityError}
	if s.compat.Error == errorRoot {
		return answer(http.StatusOK, e)
	}
	r := response{XMLName: xml.Name{Local: root}, Timestamp: at.UTC().Format(timeLayout), Error: e}
	if root != notificationResponse || s.compat.Status {
		r.Status = StatusError
	}
	if root == notificationResponse || s.compat.Ack {
		r.Ack = StatusError
	}
	if root == notificationResponse {
		r.Message = e.ErrorDetail // where its page has it; Error is what clients read
	}
	if root != notificationResponse && s.compat.Packages == packagesEmpty {
		r.Packages = &struct{}{}
	}
	return answer(http.StatusOK, r)
}

// inWords changes the case of the words by which clients that only search the
// answer's text tell what it is: Success is a success to the .NET client, ERROR
// an error to the PHP client.
func inWords(message, status string) string {
	if status != StatusSuccess {
		message = strings.ReplaceAll(message, StatusSuccess, strings.ToLower(StatusSuccess))
	}
	if status != StatusError {
		message = strings.ReplaceAll(message, severityError, StatusError)
	}
	return message
}

// failureAnswer is for what can't be read as a call (SubscriptionBridge wiki,
// "Error Handling Guide").
func failureAnswer(status int, at time.Time) router.Response {
	return answer(status, response{XMLName: xml.Name{Local: errorResponse}, ErrorCode: codeInvalid, Timestamp: at.UTC().Format(timeLayout)})
}

func (s *Source) timeAnswer(at time.Time) router.Response {
	r := response{XMLName: xml.Name{Local: getTimeResponse}, CurrentTime: at.UTC().Format(minuteLayout)}
	if s.compat.Ack {
		r.Ack, r.Timestamp = StatusSuccess, at.UTC().Format(timeLayout)
	}
	return answer(http.StatusOK, r)
}

func answer(status int, document any) router.Response {
	return router.Response{
		Status: status,
		Header: http.Header{"Content-Type": {"text/xml; charset=utf-8"}},
		Body:   encode(document),
	}
}

// prolog is what the PHP, ASP and .NET clients write themselves.
const prolog = `<?xml version="1.0" encoding="utf-8"?>`

// encode writes one of this room's documents on one line. They are structs of
// strings, which always encode: characters that XML can't hold are replaced.
func encode(document any) []byte {
	b, err := xml.Marshal(document)
	if err != nil {
		panic("a struct of strings does not encode: " + err.Error())
	}
	return append([]byte(prolog), b...)
}
