package oauth

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Param is one decoded name and value. Names may repeat in a query.
type Param struct{ Name, Value string }

// The names that the protocol gives a meaning (RFC 5849 §3.1).
const (
	paramRealm       = "realm"
	paramConsumerKey = "oauth_consumer_key"
	paramMethod      = "oauth_signature_method"
	paramNonce       = "oauth_nonce"
	paramSignature   = "oauth_signature"
	paramTimestamp   = "oauth_timestamp"
	paramVersion     = "oauth_version"
)

// BaseString builds the text that a signature is made over (RFC 5849 §3.4.1)
// from the method, the absolute address as the caller wrote it, and the
// parameters of the Authorization header. Every parameter of the address's
// query takes part. realm is left out of the header's parameters, and
// oauth_signature out of both.
func BaseString(method string, address *url.URL, header []Param) (string, error) {
	query, err := ParseQuery(address.RawQuery)
	if err != nil {
		return "", err
	}
	return baseString(method, address, query, header)
}

func baseString(method string, address *url.URL, query, header []Param) (string, error) {
	uri, err := baseURI(address)
	if err != nil {
		return "", err
	}
	params := make([]Param, 0, len(query)+len(header))
	for _, p := range query {
		if p.Name != paramSignature {
			params = append(params, Param{encode(p.Name), encode(p.Value)})
		}
	}
	for _, p := range header {
		if p.Name != paramSignature && p.Name != paramRealm {
			params = append(params, Param{encode(p.Name), encode(p.Value)})
		}
	}
	sortParams(params)
	b := make([]byte, 0, baseRoom)
	b = append(appendEncoded(b, strings.ToUpper(method)), '&')
	b = append(appendEncoded(b, uri), '&')
	for i, p := range params {
		if i > 0 {
			b = append(b, "%26"...)
		}
		b = append(appendEncoded(b, p.Name), "%3D"...)
		b = appendEncoded(b, p.Value)
	}
	return string(b), nil
}

// baseRoom holds the base strings of marketplaces, which have about 450
// characters; a longer one grows.
const baseRoom = 1 << 10

// sortParams sorts encoded parameters by the bytes of the name, then of the
// value (RFC 5849 §3.4.1.3.2).
func sortParams(params []Param) {
	slices.SortFunc(params, func(a, b Param) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return strings.Compare(a.Value, b.Value)
	})
}

// baseURI is the address without query and fragment, scheme and host in lower
// case, without the scheme's own port (RFC 5849 §3.4.1.2).
func baseURI(address *url.URL) (string, error) {
	scheme, host := strings.ToLower(address.Scheme), strings.ToLower(address.Host)
	if scheme != "http" && scheme != "https" || host == "" {
		return "", errors.New("the address is not an absolute http or https address")
	}
	switch port := address.Port(); {
	case port == "":
		host = strings.TrimSuffix(host, ":")
	case scheme == "http" && port == "80", scheme == "https" && port == "443":
		host = strings.TrimSuffix(host, ":"+port)
	}
	path := address.EscapedPath()
	if path == "" {
		path = "/"
	}
	return scheme + "://" + host + path, nil
}

// ParseQuery splits and decodes a raw query as a form is (RFC 5849
// §3.4.1.3.1): a plus is a space, order and repetition are kept. net/url folds
// repeated names into a map and refuses semicolons; a signature covers both.
func ParseQuery(raw string) ([]Param, error) {
	if raw == "" {
		return nil, nil
	}
	params := make([]Param, 0, strings.Count(raw, "&")+1)
	for piece := range strings.SplitSeq(raw, "&") {
		if piece == "" {
			continue
		}
		name, value, _ := strings.Cut(piece, "=")
		var p Param
		var err error
		if p.Name, err = url.QueryUnescape(name); err != nil {
			return nil, fmt.Errorf("decoding the query: %w", err)
		}
		if p.Value, err = url.QueryUnescape(value); err != nil {
			return nil, fmt.Errorf("decoding the query: %w", err)
		}
		params = append(params, p)
	}
	return params, nil
}

// encode is the percent-encoding of RFC 5849 §3.6, which leaves only the
// unreserved characters of RFC 3986 as they are and writes upper-case digits.
func encode(s string) string {
	for i := range len(s) {
		if !unreserved[s[i]] {
			return string(appendEncoded(make([]byte, 0, 2*len(s)), s))
		}
	}
	return s
}

// appendEncoded appends what encode gives.
func appendEncoded(b []byte, s string) []byte {
	const digits = "0123456789ABCDEF"
	for i := range len(s) {
		if c := s[i]; unreserved[c] {
			b = append(b, c)
		} else {
			b = append(b, '%', digits[c>>4], digits[c&15])
		}
	}
	return b
}

var unreserved = func() (is [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") {
		is[c] = true
	}
	return is
}()
