package subscriptionbridge

import (
	"encoding/xml"
	"fmt"
)

// EventRequest is the call as a caller writes it.
type EventRequest struct {
	XMLName  xml.Name `xml:"EventRequest"`
	Username string   `xml:"Username"`
	Token    string   `xml:"Token"`
	GUID     string   `xml:"GUID"`
	Action   string   `xml:"Action"`
}

// Encode returns the document to POST, as text/xml, to a path that ends in
// EventRequest.
func (r EventRequest) Encode() []byte { return encode(r) }

// Answer is what a caller was told.
type Answer struct {
	// Status is one of the Status constants; it may have come as an Ack.
	Status    string
	Timestamp string
	// Message is "" but for a NotificationResponse that has one.
	Message string
	// ErrorCode and ErrorDetail are "" unless Status is StatusError; of an
	// ErrorResponse only the code is told.
	ErrorCode, ErrorDetail string
}

// DecodeAnswer reads the answer to an EventRequest or NotificationRequest in any
// form that a Source gives it, the ErrorResponse that comes with HTTP status 500
// included. An error means that the body is none.
func DecodeAnswer(body []byte) (Answer, error) {
	if len(body) > maxDocument {
		return Answer{}, fmt.Errorf("reading the answer: it is longer than %d bytes", maxDocument)
	}
	var r struct {
		XMLName                                                 xml.Name
		Status, Ack, Timestamp, Message, ErrorCode, ErrorDetail string
		Error                                                   struct{ ErrorCode, ErrorDetail string }
	}
	if err := xml.Unmarshal(body, &r); err != nil {
		return Answer{}, fmt.Errorf("reading the answer: %w", err)
	}
	a := Answer{Status: r.Status, Timestamp: r.Timestamp, Message: r.Message, ErrorCode: r.ErrorCode}
	switch root := r.XMLName.Local; root {
	case eventResponse, notificationResponse:
		if a.Status == "" {
			a.Status = r.Ack
		}
		a.ErrorCode, a.ErrorDetail = r.Error.ErrorCode, r.Error.ErrorDetail
	case errorResponse, errorDocument:
		a.Status, a.ErrorDetail = StatusError, r.ErrorDetail
	default:
		return Answer{}, fmt.Errorf("reading the answer: its root is %.64q", root)
	}
	return a, nil
}
