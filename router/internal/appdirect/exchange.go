package appdirect

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/signalbox/signalbox/router"
)

// errNoCredential: a reload took away the credentials that an event came in by.
var errNoCredential = errors.New("the product is no longer configured")

// Lacks is router.Answerer's: to ask for an event and to answer it takes the
// product's credentials, and a marketplace on the list.
func (s *Source) Lacks(n *router.Notice) string {
	if s.credentials.out[n.Credential] == nil {
		return fmt.Sprintf("credentials %q", n.Credential)
	}
	at, err := s.parseAddress(n.Address)
	if err != nil || !s.credentials.mayName(n.Credential, at.served) {
		return fmt.Sprintf("marketplace %q", n.Base)
	}
	return ""
}

// needsOperator reports whether an exchange failed for want of credentials that
// are taken, or of leave to connect to where the marketplace is.
func needsOperator(err error) bool {
	var private *PrivateAddressError
	return errors.Is(err, errNoCredential) || errors.Is(err, errNoClient) || errors.As(err, &private)
}

// exchange is one request to a marketplace in the name of a product.
type exchange struct {
	method     string
	address    *url.URL
	credential string // a consumer key or a client id
	accept     string
	body       []byte
	mediaType  string // of the body; "" is JSON
	// limit is the largest answer that is read.
	limit int64
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
	// cut says that the body went on beyond the limit.
	cut bool
}

// send makes the exchange, and again with other credentials of the product, if
// it has them, while the marketplace refuses. sent says whether the request may
// have arrived.
func (s *Source) send(ctx context.Context, x exchange) (a answer, sent bool, err error) {
	product := s.credentials.out[x.credential]
	if product == nil {
		return answer{}, false, fmt.Errorf("authorising a request for %q: %w", x.credential, errNoCredential)
	}
	for authorization, err := range product.authorizations(ctx, x.method, x.address) {
		if err != nil {
			return answer{}, false, err
		}
		if a, sent, err = s.sendOnce(ctx, x, authorization); err != nil || !refusesCredentials(a.status) {
			return a, sent, err
		}
	}
	return a, true, nil
}

func (s *Source) sendOnce(ctx context.Context, x exchange, authorization string) (a answer, sent bool, err error) {
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	var content io.Reader
	if x.body != nil {
		content = bytes.NewReader(x.body)
	}
	r, err := http.NewRequestWithContext(ctx, x.method, x.address.String(), content)
	if err != nil {
		return answer{}, false, err
	}
	r.Header.Set("Authorization", authorization)
	r.Header.Set("Accept", x.accept)
	if x.body != nil {
		r.Header.Set("Content-Type", cmp.Or(x.mediaType, "application/json"))
	}
	resp, err := s.client.Do(r)
	if err != nil {
		return answer{}, connected.Load(), err
	}
	defer resp.Body.Close()
	body, err := readUpTo(x.limit+1, resp)
	if err != nil {
		return answer{}, true, fmt.Errorf("reading the answer %d: %w", resp.StatusCode, err)
	}
	a = answer{status: resp.StatusCode, header: resp.Header, body: body}
	if int64(len(body)) > x.limit {
		a.body, a.cut = body[:x.limit], true
	}
	return a, true, nil
}

// usualAnswer is the most that is set aside for an answer on its header's word.
const usualAnswer = 64 << 10

// readUpTo reads the body, or as much of it as the limit allows.
func readUpTo(limit int64, resp *http.Response) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(int(min(max(resp.ContentLength, 0), usualAnswer)) + bytes.MinRead)
	_, err := b.ReadFrom(io.LimitReader(resp.Body, limit))
	return b.Bytes(), err
}

func (a answer) succeeded() bool { return a.status >= 200 && a.status < 300 }

// passing reports whether the same request may be taken later. No redirect is
// followed: a page that says "please log in" or "under maintenance" passes.
func (a answer) passing() bool {
	switch a.status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return a.status < 400 || a.status >= 500
}

func refusesCredentials(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden
}

// maxQuote is how much of an unexpected answer an operator is shown.
const maxQuote = 200

func (a answer) String() string {
	text := fmt.Sprintf("the marketplace answered %d %s", a.status, http.StatusText(a.status))
	if body := strings.TrimSpace(string(a.body[:min(len(a.body), maxQuote)])); body != "" {
		text += fmt.Sprintf(": %q", body)
	}
	return text
}
