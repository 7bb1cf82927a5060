package appdirect

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// maxAddress bounds an event address; real ones have about 100 characters.
const maxAddress = 2048

// AddressError says why an event address is not one to fetch. It does not show
// the address, which may hold credentials.
type AddressError struct{ Reason string }

func (e *AddressError) Error() string { return "reading the event address: " + e.Reason }

// eventAddress is an event address that may be fetched.
type eventAddress struct {
	url *url.URL
	// served is the address's scheme, host and port, and base those that the
	// marketplace is known by: they differ where served is an alias.
	served, base string
	token        string
	// current says that it has the present form, below which a result is taken.
	current bool
}

// is reports whether two addresses are of one event.
func (a eventAddress) is(b eventAddress) bool { return a.base == b.base && a.token == b.token }

// parseAddress accepts the address of an event at a listed marketplace or an
// alias of one, or at the host of ping tests. Scheme, host and port are compared
// parsed. An error is an *AddressError.
func (s *settings) parseAddress(raw string) (eventAddress, error) {
	refuse := func(format string, args ...any) (eventAddress, error) {
		return eventAddress{}, &AddressError{Reason: fmt.Sprintf(format, args...)}
	}
	if len(raw) > maxAddress {
		return refuse("it is longer than %d characters", maxAddress)
	}
	u, err := url.Parse(raw)
	if err != nil {
		return refuse("it can't be parsed")
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https" || u.Opaque != "" || u.Host == "":
		return refuse("it is not an absolute http or https address")
	case u.User != nil:
		return refuse("it holds credentials")
	case strings.Contains(raw, "#"):
		return refuse("it has a fragment")
	}
	served := baseOf(u)
	base, known := s.marketplaces.known(served)
	if !known {
		if served != dummyBase {
			return refuse("%s is not one of the configured marketplaces", served)
		}
		base = dummyBase
	}
	token, current, ok := cutEventPath(u.EscapedPath())
	if !ok {
		return refuse("the path is not that of an event")
	}
	return eventAddress{url: u, served: served, base: base, token: token, current: current}, nil
}

// currentPath is where events are at a marketplace; their tokens follow.
const currentPath = "/api/integration/v1/events/"

// maxToken bounds an event's token; real ones have 36 characters.
const maxToken = 200

// cutEventPath reads the path of an event address: the present form, which is
// /api/integration/v1/events/TOKEN, and the older ones, /api/events/TOKEN
// (AppDirect documentation, "Integration events", notification URLs). Nothing
// in it needs percent-encoding, so that every reader sees the same path; what
// is in front of /api may be a context path.
func cutEventPath(path string) (token string, current, ok bool) {
	slash := strings.LastIndexByte(path, '/')
	if slash < 0 {
		return "", false, false
	}
	path, token = path[:slash], path[slash+1:]
	if !isToken(token) {
		return "", false, false
	}
	path, isEvents := strings.CutSuffix(path, "/events")
	front, versioned := strings.CutSuffix(strings.TrimRight(path, "0123456789"), "/integration/v")
	if versioned && !strings.HasSuffix(path, "v") {
		path, current = front, true
	}
	path, isAPI := strings.CutSuffix(path, "/api")
	return token, current, isEvents && isAPI && isContextPath(path)
}

// isToken reports whether a text can be an event's token, which stands in a
// path as it is.
func isToken(text string) bool {
	return text != "" && len(text) <= maxToken && isAlphanumeric(text[0]) && allOf(text, "-._~")
}

// isContextPath reports whether a path is empty, or of plain words.
func isContextPath(path string) bool {
	if path == "" {
		return true
	}
	return path[0] == '/' && path[len(path)-1] != '/' && !strings.Contains(path, "//") && allOf(path, "/_-")
}

// allOf reports whether a text has only ASCII letters, digits and these.
func allOf(text, others string) bool {
	for i := range len(text) {
		if !isAlphanumeric(text[i]) && strings.IndexByte(others, text[i]) < 0 {
			return false
		}
	}
	return true
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// result is where the event's result is posted to: below the event's own
// address, as AppDirect's sample does, if that has the present form. Events of
// older forms have no documented place for results; the documented one takes
// the same token (AppDirect documentation, "Asynchronous events").
func (a eventAddress) result() *url.URL {
	u := *a.url
	u.RawQuery = ""
	if !a.current {
		u.Path = currentPath + a.token
	}
	u.Path += "/result"
	return &u
}

// parseBase parses a base address: http or https, a host, perhaps a path.
func parseBase(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("it is not an address")
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.Opaque != "" ||
		u.User != nil || u.RawQuery != "" || strings.ContainsAny(raw, "#?") {
		return nil, fmt.Errorf("%q is not a base address, such as https://www.example.com", u.Redacted())
	}
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = strings.TrimRight(u.RawPath, "/")
	return u, nil
}

// baseOf is the address's scheme, host and port in one spelling.
func baseOf(u *url.URL) string {
	host := strings.ToLower(u.Hostname())
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	switch port := u.Port(); {
	case port == "", u.Scheme == "http" && port == "80", u.Scheme == "https" && port == "443":
		return u.Scheme + "://" + host
	default:
		return u.Scheme + "://" + host + ":" + port
	}
}
