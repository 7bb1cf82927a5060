package appdirect

import (
	"slices"
	"strings"

	"github.com/signalbox/signalbox/router/internal/oauth"
)

// Refusals that the vendor's configuration is the cause of, here or at the
// marketplace.
var (
	// errNoAddress: the address that the vendor entered in the marketplace lacks
	// the placeholder for the event's.
	errNoAddress = &AddressError{Reason: "no parameter of event_parameters or token_parameters holds it"}
	errNoBase    = &AddressError{Reason: "the notification holds only the event's token; say in token_base which marketplace the event is at, or enter {eventUrl} for {token} there"}
)

// errDiffer: of two events, none can be taken for the one that is meant.
var errDiffer = &AddressError{Reason: "the parameters of the notification name two events; if one of token_parameters is no token of an event, take it out"}

// findAddress reads the event's address from the query of a notification. The
// address that the vendor entered in the marketplace has {eventUrl} in it, which
// is the whole address; or {token}, which is the event's token alone, or its
// address too; or both (AppDirect documentation, "Edit integration", event URL
// parameter; the second and the third form as AppDirect's sample and vendors
// have them). All that is named must be one event.
func (s *Source) findAddress(query, key string) (eventAddress, error) {
	params, err := oauth.ParseQuery(query)
	if err != nil {
		return eventAddress{}, &AddressError{Reason: "the query can't be parsed"}
	}
	var at eventAddress
	for _, v := range valuesOf(params, s.parameters) {
		if at, err = s.andAddress(at, v, key); err != nil {
			return eventAddress{}, err
		}
	}
	for _, v := range valuesOf(params, s.tokenParameters) {
		if at, err = s.andToken(at, v, key); err != nil {
			return eventAddress{}, err
		}
	}
	if at.url == nil {
		return eventAddress{}, errNoAddress
	}
	return at, nil
}

// valuesOf gives the values, other than none, of the parameters of these names.
func valuesOf(params []oauth.Param, names []string) []string {
	var out []string
	for _, p := range params {
		if !slices.Contains(names, p.Name) {
			continue
		}
		if v := strings.TrimSpace(p.Value); v != "" {
			out = append(out, v)
		}
	}
	return out
}

// andAddress reads an address beside what was found before, which may be
// nothing.
func (s *Source) andAddress(before eventAddress, raw, key string) (eventAddress, error) {
	at, err := s.parseAddress(raw)
	switch {
	case err != nil:
		return eventAddress{}, err
	case s.isDummy(key) && at.served != dummyBase:
		return eventAddress{}, &AddressError{Reason: "the published test key may only name events at " + dummyBase}
	case !s.credentials.mayName(key, at.served):
		return eventAddress{}, &AddressError{Reason: "a product with separate credentials may only name events at a configured marketplace"}
	case before.url == nil:
		return at, nil
	case !before.is(at):
		return eventAddress{}, errDiffer
	}
	return before, nil
}

// andToken reads a token beside what was found before, which may be nothing.
func (s *Source) andToken(before eventAddress, text, key string) (eventAddress, error) {
	if strings.Contains(text, "://") {
		return s.andAddress(before, text, key)
	}
	base := s.tokenBase
	if s.isDummy(key) {
		base = dummyBase // all that the key may name are there
	}
	switch {
	case before.url != nil && before.token == text:
		return before, nil
	case before.url != nil:
		return eventAddress{}, errDiffer
	case !isToken(text):
		return eventAddress{}, &AddressError{Reason: "the token can't be that of an event"}
	case base == "":
		return eventAddress{}, errNoBase
	}
	return s.andAddress(before, base+currentPath+text, key)
}

// isDummy reports whether the key is AppDirect's published one, which everybody
// can sign with.
func (s *settings) isDummy(key string) bool { return s.allowDummy && key == dummyKey }
