package oauth

import (
	"strings"
	"unicode/utf8"
)

// exclusion is a class of requests that a counterpart gets wrong by the text
// of the protocol, so that its word counts for nothing there.
type exclusion struct {
	class string
	// because says what RFC 5849 has, and what the counterpart does.
	because string
	has     func(r crossRequest) bool
}

// What several counterparts get wrong.
var (
	notInUTF8 = exclusion{
		"a value that is not UTF-8",
		"§3.6 encodes text values as UTF-8 and others as octets; it works on texts, and replaces or refuses other octets",
		func(r crossRequest) bool {
			return r.anyParam(func(p Param) bool { return !utf8.ValidString(p.Name) || !utf8.ValidString(p.Value) })
		},
	}
	addressAsWritten = exclusion{
		"scheme, host, port or path not in their normal form",
		"§3.4.1.2 has scheme and host in lower case, leaves out the default port, and the path is not empty; it takes the address as it is written",
		func(r crossRequest) bool {
			base, err := baseURI(mustParse(r.Address))
			return err == nil && base != r.rawBase()
		},
	}
	emptyPieces = exclusion{
		"an empty query, or an empty piece between two ampersands",
		"§3.4.1.3.1 parses a form, whose controls have names (HTML 4.0 §17.13.4), and an empty piece is none (URL Standard, urlencoded parsing); it signs a parameter without name and value",
		func(r crossRequest) bool {
			return strings.HasSuffix(r.Address, "?") || r.anyPiece(func(name, _ string, hasValue bool) bool { return name == "" && !hasValue })
		},
	}
)

// exclusions are, by counterpart, the classes in which it does not count. The
// test proves that each is still needed.
var exclusions = map[string][]exclusion{
	"oauthlib": {
		notInUTF8,
		{
			"a realm in the header and one in the query",
			"§3.4.1.3.1 leaves out the header's only; it leaves out both",
			func(r crossRequest) bool {
				return r.Realm != "" && r.anyParam(func(p Param) bool { return p.Name == paramRealm })
			},
		},
		{
			"a percent sign in a protocol parameter of the query",
			"§3.4.1.3.1 decodes a query's parameters once; it decodes those whose name begins with oauth_ twice",
			func(r crossRequest) bool { return r.InQuery && strings.Contains(r.Key+r.Nonce, "%") },
		},
	},
	"Net::OAuth": {
		notInUTF8, addressAsWritten, emptyPieces,
		{
			"a consumer key in the header that is not ASCII",
			"§3.6 encodes text values as UTF-8; it encodes what it has decoded from a header as Latin-1",
			func(r crossRequest) bool { return !r.InQuery && !isASCII(r.Key) },
		},
		{
			"a name that stands twice",
			"§3.4.1.3.2 sorts parameters of one name by value; it keeps one of them",
			func(r crossRequest) bool { return stands(r.decoded(), 2) },
		},
		{
			"a name that begins with another",
			"§3.4.1.3.2 sorts by name and then by value; it sorts name=value, in which - . % and digits come before the =",
			func(r crossRequest) bool {
				params := r.decoded()
				for _, p := range params {
					for _, q := range params {
						longer := encode(q.Name)
						rest, ok := strings.CutPrefix(longer, encode(p.Name))
						if ok && rest != "" && rest[0] < '=' {
							return true
						}
					}
				}
				return false
			},
		},
		{
			"a semicolon in the query",
			"§3.4.1.3.1 separates names and values as a form is written, by ampersands (HTML 4.0 §17.13.4.1); it separates by semicolons too",
			func(r crossRequest) bool { return strings.Contains(r.rawQuery(), ";") },
		},
		{
			"a query without an equals sign",
			"§3.4.1.3.1 has an example of a parameter with no equals sign (c2); it takes the whole query for no form",
			func(r crossRequest) bool { return r.rawQuery() != "" && !strings.Contains(r.rawQuery(), "=") },
		},
	},
	"oauth-1.0a": {
		notInUTF8, addressAsWritten, emptyPieces,
		{
			"a plus for a space",
			"§3.4.1.3.1 decodes as a form is, where a plus is a space (HTML 4.0 §17.13.4.1; its example has a3=2+q); it decodes by percent rules only",
			func(r crossRequest) bool { return strings.Contains(r.rawQuery(), "+") },
		},
		{
			"a name that is encoded",
			"§3.4.1.3.1 decodes names and values; it decodes values only",
			func(r crossRequest) bool {
				return r.anyPiece(func(name, _ string, _ bool) bool { return encode(name) != name })
			},
		},
		{
			"a second equals sign, or a second question mark",
			"§3.4.1.3.1 takes the whole query (RFC 3986 §3.4 allows both inside), and a name ends at the first equals sign; it drops what follows the second",
			func(r crossRequest) bool {
				return strings.Contains(r.rawQuery(), "?") || r.anyPiece(func(_, value string, _ bool) bool { return strings.Contains(value, "=") })
			},
		},
		{
			"a name that stands twice, once without a value",
			"§3.4.1.3.2 sorts parameters of one name by value, the empty one too; it forgets one that is empty",
			func(r crossRequest) bool {
				empty := map[string]bool{}
				for _, p := range r.decoded() {
					empty[p.Name] = empty[p.Name] || p.Value == ""
				}
				for _, p := range r.decoded() {
					if empty[p.Name] && count(r.decoded(), p.Name) > 1 {
						return true
					}
				}
				return false
			},
		},
	},
}

// stands reports whether a name stands at least n times.
func stands(params []Param, n int) bool {
	for _, p := range params {
		if count(params, p.Name) >= n {
			return true
		}
	}
	return false
}

func count(params []Param, name string) (n int) {
	for _, p := range params {
		if p.Name == name {
			n++
		}
	}
	return n
}
