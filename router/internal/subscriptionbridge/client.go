package subscriptionbridge

import (
	"encoding/xml"
	"errors"
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
	// Status is one of the Status constants.
	Status    string
	Timestamp string
	// ErrorCode and ErrorDetail are "" unless Status is StatusError; of an
	// ErrorResponse only the code is told.
	ErrorCode, ErrorDetail string
}

// DecodeAnswer reads an EventResponse, or the ErrorResponse that comes with
// HTTP status 500. An error means that the body is neither.
func DecodeAnswer(body []byte) (Answer, error) {
	if len(body) > maxDocument {
		return Answer{}, fmt.Errorf("reading the answer: it is longer than %d bytes", maxDocument)
	}
	var res eventResponse
	eventErr := xml.Unmarshal(body, &res)
	if eventErr == nil {
		a := Answer{Status: res.Status, Timestamp: res.Timestamp}
		if res.Error != nil {
			a.ErrorCode, a.ErrorDetail = res.Error.ErrorCode, res.Error.ErrorDetail
		}
		return a, nil
	}
	var failure errorResponse
	if err := xml.Unmarshal(body, &failure); err != nil {
		return Answer{}, fmt.Errorf("reading the answer: %w", errors.Join(eventErr, err))
	}
	return Answer{Status: StatusError, Timestamp: failure.Timestamp, ErrorCode: failure.ErrorCode}, nil
}
