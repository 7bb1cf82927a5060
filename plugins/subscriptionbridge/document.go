package subscriptionbridge

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
)

const (
	eventRequest        = "EventRequest"
	notificationRequest = "NotificationRequest"
	getTimeRequest      = "GetTimeRequest"

	// prolog is what the PHP, ASP and .NET clients send.
	prolog = `<?xml version="1.0" encoding="utf-8"?>`

	// maxGUID bounds the subscription's id: an opaque text of some 16 characters.
	maxGUID = 128

	// minuteLayout is the time that a token is made over, in UTC; its seconds are
	// always 00 (SubscriptionBridge wiki, "Field Reference", Token).
	minuteLayout = "2006-01-02T15:04:00"
)

// actions are the events that a call may fire (SubscriptionBridge wiki,
// "EventRequest", Action).
func actions() []string {
	return []string{"Trial_Ending_Reminder", "Trial_Ending_Reminder_Final", "Balance_Due", "Balance_Due_Final", "Subscription_Canceled"}
}

// request is a call. Its page spells the id GUID for an EventRequest and Guid
// for a NotificationRequest (SubscriptionBridge wiki, as of 2010 and 2012).
type request struct {
	XMLName  xml.Name
	Username string
	Token    string `xml:",omitempty"`
	GUID     string `xml:"GUID,omitempty"`
	Guid     string `xml:"Guid,omitempty"`
	Action   string `xml:",omitempty"`
}

// sbCallback is a callback, for those who read GUID and those who read Guid.
type sbCallback struct {
	XMLName   xml.Name `xml:"SB_Callback"`
	GUID      string   `xml:"GUID"`
	Guid      string   `xml:"Guid"`
	EventCode string   `xml:"Event_Code"`
}

// encode writes a document on one line.
func encode(document any) ([]byte, error) {
	b, err := xml.Marshal(document)
	if err != nil {
		return nil, fmt.Errorf("writing the document: %w", err)
	}
	return append([]byte(prolog), b...), nil
}

// token is the HMAC-SHA1 of password + "|" + minute, keyed with the API key's
// own bytes.
func token(s *server, minute string) string {
	mac := hmac.New(sha1.New, []byte(s.APIKey))
	mac.Write([]byte(s.Password + "|" + minute))
	return hex.EncodeToString(mac.Sum(nil))
}

// answer is what a call was told.
type answer struct {
	// Status is Success, Warning or Error, be it by Status, by Ack or by what the
	// document is.
	Status    string
	Timestamp string
	Message   string
	// Code and Detail belong to an Error.
	Code, Detail string
	// Failed: the server could not read the call, so that it did nothing.
	Failed bool
	// CurrentTime belongs to a GetTimeResponse, which has no Status.
	CurrentTime string
}

// What an answer may be.
const (
	statusSuccess = "Success"
	statusWarning = "Warning"
	statusError   = "Error"
)

// readAnswer reads the answers that are in evidence: a response named after its
// call, with Status or Ack and an Error in it, an Error on its own, and an
// ErrorResponse. Elements are found by their bare names, as all clients do.
func readAnswer(body []byte) (answer, error) {
	var r struct {
		XMLName                                                              xml.Name
		Status, Ack, Timestamp, Message, CurrentTime, ErrorCode, ErrorDetail string
		Error                                                                struct{ ErrorCode, ErrorShort, ErrorDetail string }
	}
	if err := xml.Unmarshal(body, &r); err != nil {
		return answer{}, fmt.Errorf("reading the answer: %w", err)
	}
	a := answer{Status: worse(strings.TrimSpace(r.Status), strings.TrimSpace(r.Ack)),
		Timestamp: strings.TrimSpace(r.Timestamp), Message: strings.TrimSpace(r.Message), CurrentTime: strings.TrimSpace(r.CurrentTime),
		Code: strings.TrimSpace(r.Error.ErrorCode + r.ErrorCode), Detail: strings.TrimSpace(r.Error.ErrorShort + " " + r.Error.ErrorDetail + " " + r.ErrorDetail)}
	switch root := r.XMLName.Local; {
	case root == "ErrorResponse":
		a.Status, a.Failed = statusError, true
	case root == "Error":
		a.Status = statusError
	case !strings.HasSuffix(root, "Response"):
		return answer{}, fmt.Errorf("reading the answer: its root is %.64q", root)
	case a.Status == "" && a.CurrentTime == "":
		return answer{}, errors.New("reading the answer: it has neither Status nor Ack")
	}
	return a, nil
}

// worse is what two elements say together, of which one may be absent. They
// must not contradict each other into a success.
func worse(a, b string) string {
	for _, s := range []string{statusError, statusWarning, statusSuccess} {
		if a == s || b == s {
			return s
		}
	}
	return a + b
}
