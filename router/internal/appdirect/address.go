package appdirect

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// maxAddress bounds an event address; real ones have about 100 characters.
const maxAddress = 2048

// eventPath is the path of an event address: the present form, and the older
// ones that end in /api/events (AppDirect documentation, "Integration events",
// notification URLs). Nothing in it needs percent-encoding, so that every
// reader sees the same path; what is in front of /api may be a context path.
var eventPath = regexp.MustCompile(`^(?:/[A-Za-z0-9_-]+)*/api(/integration/v[0-9]+)?/events/([A-Za-z0-9][A-Za-z0-9._~-]{0,199})$`)

// AddressError says why an event address is not one to fetch. It does not show
// the address, which may hold credentials.
type AddressError struct{ Reason string }

func (e *AddressError) Error() string { return "reading the event address: " + e.Reason }

// eventAddress is an event address that may be fetched.
type eventAddress struct {
	url *url.URL
	// base is scheme, host and port.
	base  string
	token string
	// current says that it has the present form, below which a result is taken.
	current bool
}

// parseAddress accepts the address of an event at a listed marketplace, or at
// the host of ping tests. Scheme, host and port are compared parsed. An error
// is an *AddressError.
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
	base := baseOf(u)
	if !s.marketplaces[base] && base != dummyBase {
		return refuse("%s is not one of the configured marketplaces", base)
	}
	m := eventPath.FindStringSubmatch(u.EscapedPath())
	if m == nil {
		return refuse("the path is not that of an event")
	}
	return eventAddress{url: u, base: base, token: m[2], current: m[1] != ""}, nil
}

// result is where the event's result is posted to: below the event's own
// address, as AppDirect's sample does, if that has the present form. Events of
// older forms have no documented place for results; the documented one takes
// the same token (AppDirect documentation, "Asynchronous events").
func (a eventAddress) result() *url.URL {
	u := *a.url
	u.RawQuery = ""
	if !a.current {
		u.Path = "/api/integration/v1/events/" + a.token
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
