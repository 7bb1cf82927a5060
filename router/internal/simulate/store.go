package simulate

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/subscriptionbridge"
)

// storeWithin is how long the .NET client waits, the least patient of them.
const storeWithin = 30 * time.Second

// shownToken stands in a shown document where the token stood.
const shownToken = "(token)"

// Style is the house style of a client that sends EventRequests.
type Style string

const (
	// StylePHP writes one line and the token in lower-case hex.
	StylePHP Style = "php"
	// StyleDotNet ends each element with CR LF and writes the token in
	// upper-case hex.
	StyleDotNet Style = "dotnet"
)

// Store is SubscriptionBridge's side of the protocol: what sends a vendor the
// five actions. Its fields are not changed once it is in use.
type Store struct {
	// URL is where to POST; its last segment is EventRequest.
	URL              string
	Username         string
	Password, APIKey router.Secret
	// Style is StylePHP where it is "".
	Style Style
	// Now is the clock that tokens are made by; nil means time.Now.
	Now func() time.Time
}

// StoreExchange is one EventRequest and its answer.
type StoreExchange struct {
	GUID, Action string
	// Document is what was sent, with the token struck out.
	Document []byte
	// HTTPStatus and Body are the answer as it came.
	HTTPStatus int
	Body       []byte
	Took       time.Duration
	// Status is Success, Warning or Error; the others are the answer's too.
	Status, Timestamp, ErrorCode, ErrorDetail string
}

// Actions are the five that the protocol has.
func Actions() []string { return subscriptionbridge.Kind().Types }

// Send makes one EventRequest, which the vendor has 30 seconds to answer. The
// exchange is filled as far as it got, with an error too.
func (s Store) Send(ctx context.Context, guid, action string) (StoreExchange, error) {
	now := time.Now
	if s.Now != nil {
		now = s.Now
	}
	began := now()
	x := StoreExchange{GUID: guid, Action: action, Document: s.document(shownToken, guid, action)}
	token := subscriptionbridge.Token(s.Password.Reveal(), s.APIKey.Reveal(), began)
	err := s.post(ctx, s.document(token, guid, action), &x)
	x.Took = now().Sub(began)
	if err != nil {
		return x, fmt.Errorf("sending %s for %s: %w", action, guid, err)
	}
	answer, err := subscriptionbridge.DecodeAnswer(x.Body)
	if err != nil {
		return x, fmt.Errorf("sending %s for %s: HTTP status %d: %w", action, guid, x.HTTPStatus, err)
	}
	x.Status, x.Timestamp = answer.Status, answer.Timestamp
	x.ErrorCode, x.ErrorDetail = answer.ErrorCode, answer.ErrorDetail
	return x, nil
}

func (s Store) document(token, guid, action string) []byte {
	if s.Style == StyleDotNet && token != shownToken {
		token = strings.ToUpper(token)
	}
	doc := subscriptionbridge.EventRequest{Username: s.Username, Token: token, GUID: guid, Action: action}.Encode()
	if s.Style == StyleDotNet {
		doc = append(bytes.ReplaceAll(doc, []byte("><"), []byte(">\r\n<")), "\r\n"...)
	}
	return doc
}

func (s Store) post(ctx context.Context, body []byte, x *StoreExchange) error {
	ctx, cancel := context.WithTimeout(ctx, storeWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("reading the address: %w", err)
	}
	req.Header.Set("Content-Type", "text/xml")
	res, err := newClient().Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	x.HTTPStatus = res.StatusCode
	if x.Body, err = io.ReadAll(io.LimitReader(res.Body, maxBody)); err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	return nil
}
