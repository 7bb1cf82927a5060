package oauth

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// crossRequest is one request of the cross-check, before anybody signed it.
type crossRequest struct {
	Method  string
	Address string
	InQuery bool // where the protocol's parameters stand
	Key     string
	Secret  string
	Nonce   string
	Realm   string
	At      int64
	// Relay rewrites a header as another sender would have written it.
	Relay string
}

// Ways to write the same Authorization header (RFC 5849 §3.5.1: any order,
// optional white space), and the one of AppDirect's documentation of 2012, which
// does not encode the signature.
const (
	relayAsIs       = ""
	relayReordered  = "in another order"
	relayTight      = "without white space"
	relayWide       = "with more white space"
	relayRawSigning = "signature not encoded"
)

// The words that names, values, keys and secrets are made of.
var (
	plainWords = []string{"a", "b", "url", "token", "eventType", "x-1", "x.y", "x_y", "n~", "12345", "A", "aa", "a1"}
	oddWords   = []string{
		"a b", "100%", "%41", "a+b", "a&b", "a=b", "a/b?c", "*", "'quoted'", "(x)!", "~", "-._~", "é", "Ünïcödé", "日本語", "😀", "e\u0301",
		"line\nbreak", "tab\t", "nul\x00", "\x1b[0m", "\x7f", `"`, `back\slash`, "a;b", "#", "<>", "{}|^`", "a,b", "[]", "@:$", " ", "  x ",
		"https://www.acme-marketplace.com/api/integration/v1/events/12345?a=b&c=d%2Fe",
	}
	notUTF8 = "\xff\xfe"
)

// generate makes n requests, always the same for the same seed. Most have one
// or two oddities, so that a fault shows alone.
func generate(seed uint64, n int) []crossRequest {
	g := generator{rand.New(rand.NewPCG(seed, seed))}
	requests := make([]crossRequest, n)
	for i := range requests {
		requests[i] = g.request()
	}
	return requests
}

type generator struct{ *rand.Rand }

// once in n times it is true.
func (g generator) once(n int) bool { return g.IntN(n) == 0 }

func (g generator) pick(words ...string) string { return words[g.IntN(len(words))] }

func (g generator) word() string {
	switch {
	case g.once(80):
		return notUTF8
	case g.once(3):
		return g.pick(oddWords...)
	case g.once(6):
		return g.pick(oddWords...) + g.pick(plainWords...) + g.pick(oddWords...)
	}
	return g.pick(plainWords...)
}

func (g generator) request() crossRequest {
	r := crossRequest{
		Method: g.pick("GET", "GET", "POST"), Address: g.address() + g.query(), InQuery: g.once(3),
		Key: "gizmo-12056", Secret: "s3cr3tS3cr3t", Nonce: strconv.FormatInt(int64(g.Uint64()), 10), At: 1_400_000_000 + g.Int64N(400_000_000),
	}
	if g.once(12) {
		r.Key = g.pick("a b", "k&=", "é", "100%", "%41", "key+1", "a,b", "'k'")
	}
	if g.once(8) {
		r.Secret = g.pick("", "a&b", "p%20q", "geheim é", "日本", "+ /=", "*'()!")
	}
	if g.once(12) {
		r.Nonce = g.pick("0", "n~o.n-c_e", "a+b/c=", "%6e", "no nce")
	}
	if !r.InQuery {
		if g.once(4) {
			r.Realm = g.pick("Example", "https://sp.example.com/", "two words")
		}
		r.Relay = g.pick(relayAsIs, relayReordered, relayTight, relayWide, relayRawSigning)
	}
	return r
}

func (g generator) address() string {
	scheme, host, port, path := g.pick("http", "https"), "events.example.com", "", "/appdirect/acme"
	if g.once(15) {
		scheme = g.pick("HTTPS", "Http")
	}
	if g.once(10) {
		host = g.pick("Events.Example.COM", "localhost", "127.0.0.1", "[::1]", "xn--bcher-kva.example")
	}
	if g.once(5) {
		port = g.pick(":80", ":443", ":8443", ":8080")
	}
	if g.once(3) {
		path = g.pick("", "/", "/appdirect/", "/a%2Fb", "/a%2fb", "/caf%C3%A9", "/a~b.c-d_e", "/a*b'(c)!", "/a//b", "/a:b@c", "/a%20b", "/100%25", "/a+b", "/a,b$c")
	}
	return scheme + "://" + host + port + path
}

func (g generator) query() string {
	if g.once(10) {
		return g.pick("", "?")
	}
	var pieces []string
	for range 1 + g.IntN(4) {
		pieces = append(pieces, g.parameter())
	}
	if g.once(5) { // the same name again
		name, _, _ := strings.Cut(g.pick(pieces...), "=")
		pieces = append(pieces, name+"="+g.encoded(g.pick("", "z", "B", "é", "1", name)))
	}
	if g.once(25) {
		pieces = append(pieces, g.pick("", "realm=x"))
	}
	g.Shuffle(len(pieces), func(i, j int) { pieces[i], pieces[j] = pieces[j], pieces[i] })
	return "?" + strings.Join(pieces, "&")
}

func (g generator) parameter() string {
	name, value := g.pick(plainWords...), g.encoded(g.word())
	if g.once(12) {
		name = g.encoded(g.word())
	}
	switch {
	case g.once(20):
		return name
	case g.once(15):
		return name + "="
	case g.once(40):
		return "=" + value
	case g.once(30):
		return name + "=" + value + "=" + value
	}
	return name + "=" + value
}

// encoded writes a word as one of the encoders in use would.
func (g generator) encoded(word string) string {
	switch strict := encode(word); g.IntN(8) {
	case 0:
		return strings.ReplaceAll(strict, "%20", "+")
	case 1: // in lower case, and what need not be encoded is
		return strings.ToLower(strings.NewReplacer("~", "%7e", "-", "%2d").Replace(strict))
	case 2: // what a query may hold as it is
		return strings.NewReplacer("%2A", "*", "%27", "'", "%28", "(", "%29", ")", "%21", "!", "%2F", "/", "%3A", ":", "%40", "@", "%24", "$", "%2C", ",").Replace(strict)
	case 3:
		return strings.NewReplacer("%3F", "?", "%3B", ";").Replace(strict)
	default:
		return strict
	}
}

// relay rewrites an Authorization header in the request's way.
func (r crossRequest) relay(header string) string {
	parts := strings.Split(strings.TrimPrefix(header, "OAuth "), ", ")
	switch r.Relay {
	case relayReordered:
		first := 0
		if r.Realm != "" {
			first = 1 // RFC 2617 §1.2 has the realm where it likes, most senders have it in front
		}
		rest := parts[first:]
		for i := range len(rest) / 2 {
			rest[i], rest[len(rest)-1-i] = rest[len(rest)-1-i], rest[i]
		}
		return "OAuth " + strings.Join(parts, ", ")
	case relayTight:
		return "OAuth " + strings.Join(parts, ",")
	case relayWide:
		return "oauth  " + strings.Join(parts, " ,\t ")
	case relayRawSigning:
		for i, p := range parts {
			if raw, err := url.PathUnescape(p); err == nil && strings.HasPrefix(p, paramSignature+"=") {
				parts[i] = raw
			}
		}
		return "OAuth " + strings.Join(parts, ", ")
	}
	return header
}

func (r crossRequest) String() string {
	return fmt.Sprintf("%s %s key %q secret %q nonce %q realm %q, in query %t, relayed %q", r.Method, r.Address, r.Key, r.Secret, r.Nonce, r.Realm, r.InQuery, r.Relay)
}

// rawQuery and rawBase are the two parts of the address as they were written.
func (r crossRequest) rawQuery() string {
	_, query, _ := strings.Cut(r.Address, "?")
	return query
}

func (r crossRequest) rawBase() string {
	base, _, _ := strings.Cut(r.Address, "?")
	return base
}

// pieces are the written parameters of the query.
func (r crossRequest) pieces() []string {
	if r.rawQuery() == "" {
		return nil
	}
	return strings.Split(r.rawQuery(), "&")
}

// decoded are the parameters of the query.
func (r crossRequest) decoded() []Param {
	params, err := ParseQuery(r.rawQuery())
	if err != nil {
		panic(err) // the generator writes no query that can't be read
	}
	return params
}

// anyPiece reports whether one parameter's written name or value fits.
func (r crossRequest) anyPiece(fits func(name, value string, hasValue bool) bool) bool {
	for _, piece := range r.pieces() {
		if fits(strings.Cut(piece, "=")) {
			return true
		}
	}
	return false
}

// anyParam reports whether one decoded parameter of the query fits.
func (r crossRequest) anyParam(fits func(Param) bool) bool {
	for _, p := range r.decoded() {
		if fits(p) {
			return true
		}
	}
	return false
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(c rune) bool { return c >= utf8.RuneSelf || c == utf8.RuneError }) < 0
}
