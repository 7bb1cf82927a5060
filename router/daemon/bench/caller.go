package bench

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/oauth"
)

// The product of the measurement. The address is what signatures are made over;
// nobody looks it up. The credentials guard nothing.
const (
	publicURL      = "http://signalbox.example"
	sourcePath     = "/appdirect"
	consumerKey    = "bench"
	consumerSecret = "local-only-secret"
)

// answerWithin is how long a marketplace waits for an answer (AppDirect
// documentation, "Synchronous and asynchronous events").
const answerWithin = 5 * time.Second

// maxAnswer bounds an answer; a result has some hundred bytes.
const maxAnswer = 64 << 10

// caller notifies over one connection, as lean as it can be: what the load
// takes of the machine, the daemon lacks.
type caller struct {
	conn    net.Conn
	answers *bufio.Reader
	signer  oauth.Signer
	request []byte
}

// openCallers connects so many times to the server at base.
func openCallers(base string, count int) (callers []*caller, err error) {
	address, ok := strings.CutPrefix(base, "http://")
	if !ok {
		return nil, fmt.Errorf("%s is no address to call", base)
	}
	for range count {
		conn, err := net.DialTimeout("tcp", address, answerWithin)
		if err != nil {
			closeCallers(callers)
			return nil, fmt.Errorf("connecting: %w", err)
		}
		callers = append(callers, &caller{
			conn: conn, answers: bufio.NewReader(conn),
			signer: oauth.NewSigner(consumerKey, router.NewSecret([]byte(consumerSecret)), time.Now),
		})
	}
	return callers, nil
}

func closeCallers(callers []*caller) {
	for _, c := range callers {
		c.conn.Close()
	}
}

// notify tells of the event at the address, and reads the answer.
func (c *caller) notify(event string) error {
	asked := url.URL{Path: sourcePath, RawQuery: "url=" + url.QueryEscape(event)}
	signed, err := url.Parse(publicURL + asked.String())
	if err != nil {
		return fmt.Errorf("making a notification: %w", err)
	}
	authorization, err := c.signer.Header(http.MethodGet, signed)
	if err != nil {
		return fmt.Errorf("signing a notification: %w", err)
	}
	c.request = fmt.Appendf(c.request[:0], "GET %s HTTP/1.1\r\nHost: %s\r\nAuthorization: %s\r\nAccept: application/json\r\n\r\n",
		asked.String(), signed.Host, authorization)
	if err := c.conn.SetDeadline(time.Now().Add(answerWithin)); err != nil {
		return fmt.Errorf("notifying: %w", err)
	}
	if _, err := c.conn.Write(c.request); err != nil {
		return fmt.Errorf("notifying: %w", err)
	}
	return c.readAnswer()
}

// readAnswer is content with a success, and with 202.
func (c *caller) readAnswer() error {
	res, err := http.ReadResponse(c.answers, nil)
	if err != nil {
		return fmt.Errorf("reading an answer: %w", err)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("reading an answer: %w", err)
	}
	res.Body.Close()
	if res.StatusCode == http.StatusAccepted {
		return errLate
	}
	var result struct {
		Success bool `json:"success"`
	}
	if err := json.Unmarshal(body, &result); err != nil || !result.Success || res.StatusCode != http.StatusOK {
		return fmt.Errorf("the answer is no success: HTTP %d %s", res.StatusCode, body)
	}
	return nil
}
