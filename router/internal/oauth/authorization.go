package oauth

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

const (
	scheme = "OAuth"
	// maxParams bounds an Authorization header. The protocol has nine names;
	// the rest is room for extensions.
	maxParams = 32
	// usualParams is how many a marketplace sends: the protocol's six, and a
	// realm or a token.
	usualParams = 8
)

// ParseAuthorization reads the parameters of an Authorization header of the
// scheme OAuth (RFC 5849 §3.5.1), in any order and spacing, decoded by percent
// rules only, so that the plus of a signature that its sender did not encode
// stays a plus. A name that stands twice is an error.
func ParseAuthorization(header string) ([]Param, error) {
	rest, ok := cutScheme(header)
	if !ok {
		return nil, errors.New("the Authorization header is not of the scheme OAuth")
	}
	var params []Param
	for {
		rest = strings.TrimLeft(rest, " \t,")
		if rest == "" {
			return params, nil
		}
		if len(params) == maxParams {
			return nil, fmt.Errorf("the Authorization header has more than %d parameters", maxParams)
		}
		var p Param
		var err error
		if p, rest, err = cutParam(rest); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(params, func(o Param) bool { return o.Name == p.Name }) {
			return nil, fmt.Errorf("the Authorization header has %.100q twice", p.Name)
		}
		if params == nil {
			params = make([]Param, 0, usualParams)
		}
		params = append(params, p)
	}
}

// cutScheme returns what follows the scheme's name and the white space behind
// it.
func cutScheme(header string) (rest string, ok bool) {
	header = strings.TrimLeft(header, " \t")
	if len(header) < len(scheme) || !strings.EqualFold(header[:len(scheme)], scheme) {
		return "", false
	}
	rest = header[len(scheme):]
	return rest, rest == "" || rest[0] == ' ' || rest[0] == '\t'
}

// cutParam reads name="value" from the front of s; the quotes may be missing.
func cutParam(s string) (p Param, rest string, err error) {
	name, after, ok := strings.Cut(s, "=")
	name = strings.TrimRight(name, " \t")
	if !ok || name == "" || strings.ContainsAny(name, ", \t\"") {
		return Param{}, "", errors.New("the Authorization header has a parameter without a name or a value")
	}
	after = strings.TrimLeft(after, " \t")
	var value string
	if strings.HasPrefix(after, `"`) {
		if value, rest, err = cutQuoted(after[1:]); err != nil {
			return Param{}, "", err
		}
	} else {
		value, rest, _ = strings.Cut(after, ",")
		value = strings.TrimRight(value, " \t")
		if strings.Contains(value, `"`) {
			return Param{}, "", errors.New("the Authorization header has a quote inside a value")
		}
	}
	if p.Name, err = url.PathUnescape(name); err != nil {
		return Param{}, "", fmt.Errorf("decoding the Authorization header: %w", err)
	}
	if p.Value, err = url.PathUnescape(value); err != nil {
		return Param{}, "", fmt.Errorf("decoding the Authorization header: %w", err)
	}
	return p, rest, nil
}

// cutQuoted reads up to the closing quote of a quoted string; only a comma or
// the end may follow. A backslash quotes the next character, which a realm may
// need.
func cutQuoted(s string) (value, rest string, err error) {
	escaped := false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
			escaped = true
		case '"':
			rest = strings.TrimLeft(s[i+1:], " \t")
			if rest != "" && rest[0] != ',' {
				return "", "", errors.New("the Authorization header lacks a comma between parameters")
			}
			if value = s[:i]; escaped {
				value = unescape(value)
			}
			return value, rest, nil
		}
	}
	return "", "", errors.New("the Authorization header has a quote that is not closed")
}

// unescape leaves out the backslashes that quote something.
func unescape(s string) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			i++
		}
		b = append(b, s[i])
	}
	return string(b)
}

// formatAuthorization writes parameters as the value of an Authorization
// header.
func formatAuthorization(params []Param) string {
	b := append(make([]byte, 0, headerRoom), scheme...)
	for i, p := range params {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendEncoded(append(b, ' '), p.Name)
		b = appendEncoded(append(b, `="`...), p.Value)
		b = append(b, '"')
	}
	return string(b)
}

// headerRoom holds a header with the protocol's six parameters and a usual
// consumer key; a longer one grows.
const headerRoom = 512
