package outbound_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/signalbox/signalbox/plugins/internal/outbound"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestRetryAfter(t *testing.T) {
	for name, test := range map[string]struct {
		value string
		want  time.Duration
	}{
		"absent":           {"", 0},
		"seconds":          {"120", 2 * time.Minute},
		"parts of seconds": {"0.5", 500 * time.Millisecond},
		"negative":         {"-3", 0},
		"a year":           {"31536000", 24 * time.Hour},
		"a date":           {"Sun, 01 Mar 2026 12:00:30 GMT", 30 * time.Second},
		"a date gone by":   {"Sun, 01 Mar 2026 11:00:00 GMT", 0},
		"a date far away":  {"Mon, 01 Mar 2027 12:00:00 GMT", 24 * time.Hour},
		"no number":        {"NaN", 0},
		"infinity":         {"Inf", 24 * time.Hour},
		"nonsense":         {"soon", 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := outbound.RetryAfter(http.Header{"Retry-After": {test.value}}, now); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"1", "1e300", "-1", "NaN", "Sun, 01 Mar 2026 12:00:30 GMT", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d := outbound.RetryAfter(http.Header{"Retry-After": {s}}, now); d < 0 || d > 24*time.Hour {
			t.Errorf("%q asks for %v", s, d)
		}
	})
}

func TestCheckURL(t *testing.T) {
	for name, test := range map[string]struct {
		url   string
		query bool
		good  bool
	}{
		"not known yet":     {"", false, true},
		"https":             {"https://example.com/v1", false, true},
		"loopback":          {"http://127.0.0.1:8080", false, true},
		"query allowed":     {"https://example.com/?a=b", true, true},
		"query":             {"https://example.com/?a=b", false, false},
		"fragment":          {"https://example.com/#a", true, false},
		"credentials":       {"https://a:b@example.com/", true, false},
		"no scheme":         {"example.com", true, false},
		"another scheme":    {"ftp://example.com", true, false},
		"only a port":       {"https://:443/", true, false},
		"control character": {"https://example.com/\x00", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := outbound.CheckURL(test.url, test.query, "url"); (len(got) == 0) != test.good {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestPassing(t *testing.T) {
	for status, want := range map[int]bool{200: false, 400: false, 408: true, 409: false, 425: true, 429: true, 500: true, 599: true} {
		if got := outbound.Passing(status); got != want {
			t.Errorf("%d: got %v", status, got)
		}
	}
}

func TestReason(t *testing.T) {
	if got := outbound.Reason("a\n %s\tc", "b"); got != "a b c" {
		t.Errorf("got %q", got)
	}
	long := outbound.Reason("x%s", strings.Repeat("é", 400))
	if !utf8.ValidString(long) || !strings.HasSuffix(long, "é…") || len(long) > 510 {
		t.Errorf("got %d bytes: …%q", len(long), long[len(long)-10:])
	}
}

func TestClient(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("/redirect", http.RedirectHandler("/long", http.StatusFound))
	mux.HandleFunc("/long", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, strings.Repeat("x", 5<<20))
	})
	s := httptest.NewServer(mux)
	defer s.Close()
	c := outbound.Client()

	resp, err := c.Get(s.URL + "/redirect")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusFound {
		t.Errorf("the redirect was followed: %d", resp.StatusCode)
	}

	resp, err = c.Get(s.URL + "/long")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var tooLarge *http.MaxBytesError
	if b, err := io.ReadAll(resp.Body); !errors.As(err, &tooLarge) || len(b) != 4<<20 {
		t.Errorf("read %d bytes: %v", len(b), err)
	}
}

// TestLostKnowsWhatWasSent: without a connection nothing has run. Where the
// request was sent once, it may have, although the transport, which repeats what
// carries an Idempotency-Key, ends with an error of dialling.
func TestLostKnowsWhatWasSent(t *testing.T) {
	for name, test := range map[string]struct {
		method, body string
		answered     int // requests on the one connection, until the next breaks it
		mayHaveRun   bool
	}{
		"never a connection":         {http.MethodPost, "a=b", -1, false},
		"the first request":          {http.MethodPost, "a=b", 0, true},
		"a later request":            {http.MethodPost, "a=b", 1, true},
		"a later one with no body":   {http.MethodDelete, "", 1, true},
		"a later one that only asks": {http.MethodGet, "", 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newDyingServer(t, test.answered)
			client := outbound.Client()
			for n := range test.answered + 1 {
				err := s.call(t, client, test.method, test.body)
				if n < test.answered {
					if err != nil {
						t.Fatal(err)
					}
					continue
				}
				if err == nil {
					t.Fatal("there is an answer")
				}
				o := outbound.Lost("calling", err)
				if got := o == o.MayHaveRun(); got != test.mayHaveRun {
					t.Errorf("%v: it may have run: %v, want %v", err, got, test.mayHaveRun)
				}
			}
			if seen := <-s.seen; seen != test.answered+1 {
				t.Errorf("the server has seen %d requests, want %d", seen, test.answered+1)
			}
		})
	}
}

// dyingServer answers so many requests, on one connection, reads one more and
// is gone. With less than none it is gone from the beginning.
type dyingServer struct {
	url  string
	seen chan int // at its end
}

func newDyingServer(t *testing.T, answered int) *dyingServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s := &dyingServer{url: "http://" + l.Addr().String(), seen: make(chan int, 1)}
	if answered < 0 {
		l.Close()
		s.seen <- 0
		return s
	}
	go func() { s.seen <- s.serve(l, answered) }()
	return s
}

func (s *dyingServer) serve(l net.Listener, answered int) (seen int) {
	c, err := l.Accept()
	if err != nil {
		return seen
	}
	defer c.Close()
	defer l.Close() // before the connection, so that there is no other
	r := bufio.NewReader(c)
	for {
		req, err := http.ReadRequest(r)
		if err != nil {
			return seen
		}
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			return seen
		}
		if seen++; seen > answered {
			return seen
		}
		fmt.Fprint(c, "HTTP/1.1 204 No Content\r\n\r\n")
	}
}

func (s *dyingServer) call(t *testing.T, client *http.Client, method, body string) error {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Idempotency-Key", "key")
	resp, err := client.Do(req)
	if err == nil {
		err = resp.Body.Close()
	}
	return err
}
