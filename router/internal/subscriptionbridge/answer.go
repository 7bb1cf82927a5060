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
)

// What Status may say (SubscriptionBridge wiki, "EventRequest").
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
	messageFailed = "The event could not be processed."
	messageNotNow = "The event was not taken in. Please send it again later."
)

// eventResponse answers a readable EventRequest. It lies in no namespace and
// has no attributes: the known clients look elements up by their bare names.
type eventResponse struct {
	XMLName   xml.Name     `xml:"EventResponse"`
	Status    string       `xml:"Status"`
	Timestamp string       `xml:"Timestamp"`
	Error     *errorDetail `xml:"Error"`
}

type errorDetail struct {
	ErrorCode     string `xml:"ErrorCode"`
	ErrorShort    string `xml:"ErrorShort"`
	ErrorDetail   string `xml:"ErrorDetail"`
	SeverityLevel string `xml:"SeverityLevel"`
}

// errorResponse answers what is no call at all (SubscriptionBridge wiki, "Error
// Handling Guide").
type errorResponse struct {
	XMLName   xml.Name `xml:"ErrorResponse"`
	ErrorCode string   `xml:"ErrorCode"`
	Timestamp string   `xml:"Timestamp"`
}

type getTimeResponse struct {
	XMLName xml.Name `xml:"GetTimeResponse"`
	// CurrentTime is what .NET and ASP clients put into their token as it
	// stands, so it has a token's form: its seconds are 00.
	CurrentTime string `xml:"CurrentTime"`
}

// Reply says a verdict as an EventResponse, always in XML and with HTTP status
// 200: the .NET client throws the body of any other away, and the ASP and
// Magento clients take no other for an answer. So "not now" is a Status of
// Error too, with a text that asks for a repeat. Accepted is a Warning: the
// event is safe, its end not known. Timestamp is when the request came in,
// which is as near as the protocol gets to when the event was; and so a repeat
// reads the same answer.
func (s *Source) Reply(e *router.Event, v router.Verdict) router.Response {
	at := e.Notice.Received
	switch v.Kind {
	case router.Success:
		return eventAnswer(StatusSuccess, at, nil)
	case router.Warning, router.Accepted:
		return eventAnswer(StatusWarning, at, nil)
	case router.NotNow:
		return errorAnswer(codeInternal, messageNotNow, at)
	}
	return errorAnswer(knownCode(v.Code), v.Message, at)
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
	}
	return ""
}

// errorAnswer refuses a readable EventRequest. The detail is public.
func errorAnswer(code, detail string, at time.Time) router.Response {
	if detail == "" {
		detail = messageFailed
	}
	// The .NET client takes every answer that holds the word Success, in this
	// spelling, for one.
	detail = strings.ReplaceAll(detail, StatusSuccess, strings.ToLower(StatusSuccess))
	return eventAnswer(StatusError, at, &errorDetail{
		ErrorCode: code, ErrorShort: shortText(code), ErrorDetail: detail, SeverityLevel: severityError})
}

func eventAnswer(status string, at time.Time, detail *errorDetail) router.Response {
	return answer(http.StatusOK, eventResponse{Status: status, Timestamp: at.UTC().Format(timeLayout), Error: detail})
}

// failureAnswer is for what can't be read as a call.
func failureAnswer(status int, at time.Time) router.Response {
	return answer(status, errorResponse{ErrorCode: codeInvalid, Timestamp: at.UTC().Format(timeLayout)})
}

func timeAnswer(at time.Time) router.Response {
	return answer(http.StatusOK, getTimeResponse{CurrentTime: at.UTC().Format(minuteLayout)})
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
