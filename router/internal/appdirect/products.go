package appdirect

import (
	"errors"
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/signalbox/signalbox/router"
)

// sharedBlock and separateBlock are the credentials of one product as they are
// decoded.
type sharedBlock struct {
	ConsumerKey    string `json:"consumer_key"`
	ConsumerSecret string `json:"consumer_secret"`
	PreviousSecret string `json:"previous_secret"`
}

type separateBlock struct {
	ClientID       string       `json:"client_id"`
	ClientSecret   string       `json:"client_secret"`
	PreviousSecret string       `json:"previous_secret"`
	Scope          string       `json:"scope"`
	Basic          *basicBlock  `json:"basic"`
	Issued         *issuedBlock `json:"issued"`
	Issuer         *issuerBlock `json:"issuer"`
}

type basicBlock struct {
	Username         string `json:"username"`
	Password         string `json:"password"`
	PreviousPassword string `json:"previous_password"`
}

type issuedBlock struct {
	ClientID       string `json:"client_id"`
	ClientSecret   string `json:"client_secret"`
	PreviousSecret string `json:"previous_secret"`
	Scope          string `json:"scope"`
	Lifetime       string `json:"lifetime"`
}

type issuerBlock struct {
	Issuer   string `json:"issuer"`
	JWKSURL  string `json:"jwks_url"`
	Audience string `json:"audience"`
	Client   string `json:"client"`
}

// readShared reads the oauth1 blocks into s.secrets.
func (s *settings) readShared(blocks []sharedBlock) error {
	s.secrets = map[string][]router.Secret{}
	if s.allowDummy {
		s.secrets[dummyKey] = newestFirst(dummySecret, "")
	}
	for i, b := range blocks {
		at := "oauth1." + strconv.Itoa(i)
		if b.ConsumerKey == "" || b.ConsumerSecret == "" {
			return router.Setting(at, "consumer_key and consumer_secret must not be empty")
		}
		if s.secrets[b.ConsumerKey] != nil {
			return router.Setting(at+".consumer_key", "the consumer_key %q is configured twice (allow_dummy configures %q)", b.ConsumerKey, dummyKey)
		}
		s.secrets[b.ConsumerKey] = newestFirst(b.ConsumerSecret, b.PreviousSecret)
	}
	return nil
}

// products gathers the credentials of all products. What tells two products
// apart must differ, whichever kind of credentials they have: a notice names
// its product by consumer key or client id.
type products struct {
	source  *Source
	creds   *credentials
	users   basicUsers
	issued  *issuedTokens
	issuers *issuers
}

// readProducts makes the credentials of the products in oauth1 and oauth2. An
// error names no secret.
func (s *Source) readProducts(b *block) (*credentials, error) {
	if len(b.OAuth1)+len(b.OAuth2) == 0 {
		return nil, router.Setting("oauth1", "the credentials of at least one product are needed, in oauth1 or oauth2")
	}
	p := &products{
		source: s, users: basicUsers{},
		creds:   &credentials{in: map[string]authenticator{}, out: map[string]authorizer{}},
		issued:  &issuedTokens{clients: map[string]*tokenClient{}, tags: map[[tokenTag]byte]*tokenClient{}, now: s.now},
		issuers: &issuers{byName: map[string]*issuer{}, now: s.now},
	}
	for key, secrets := range s.secrets {
		p.creds.out[key] = sharedProduct{key: key, secrets: secrets, now: s.now}
	}
	if len(b.OAuth2) > 0 {
		if err := s.checkPrivacy(); err != nil {
			return nil, err
		}
	}
	for i := range b.OAuth2 {
		if err := p.add(&b.OAuth2[i]); err != nil {
			return nil, inProduct(i, &b.OAuth2[i], err)
		}
	}
	p.finish()
	return p.creds, nil
}

// checkPrivacy refuses separate credentials over plain http: unlike a signature
// they travel as they are, and who reads them once is the product from then on
// (RFC 6749 §2.3.1, RFC 6750 §5.3 and RFC 7617 §4 demand TLS). What does not
// leave the machine needs none.
func (s *Source) checkPrivacy() error {
	const why = "%q is plain http, over which passwords and tokens can be read; the products in oauth2 need https"
	if !isConfidential(s.public) {
		return router.Setting("public_url", why, s.public.Redacted())
	}
	for _, base := range slices.Sorted(maps.Keys(s.marketplaces.names)) {
		if u, err := url.Parse(base); err != nil || !isConfidential(u) {
			return router.Setting("marketplaces", why, base)
		}
	}
	return nil
}

// isConfidential reports whether nobody on the way can read what is sent there.
func isConfidential(u *url.URL) bool {
	if u.Scheme == "https" {
		return true
	}
	host := strings.ToLower(u.Hostname())
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

// lists reports whether a base address is that of a configured marketplace.
func (m *marketplaces) lists(base string) bool {
	_, ok := m.known(base)
	return ok
}

// inProduct says which product a setting is of, and where that stands.
func inProduct(i int, b *separateBlock, err error) error {
	at := "oauth2." + strconv.Itoa(i)
	var setting *router.SettingError
	if errors.As(err, &setting) {
		at, err = at+"."+setting.Attr, setting.Err
	}
	return router.Setting(at, "product %q: %w", b.ClientID, err)
}

// add reads one oauth2 block. An error that is a setting is one in the block.
func (p *products) add(b *separateBlock) error {
	if b.ClientID == "" || b.ClientSecret == "" {
		return errors.New("client_id and client_secret must not be empty")
	}
	if p.creds.out[b.ClientID] != nil {
		return router.Setting("client_id", "another product has it too, as its client_id or consumer_key")
	}
	if b.Scope == "" {
		b.Scope = outboundScope
	}
	p.creds.out[b.ClientID] = &separateProduct{
		clientID: b.ClientID, secrets: newestFirst(b.ClientSecret, b.PreviousSecret), scope: b.Scope,
		listed: p.source.marketplaces.lists, send: p.source.sendOnce, now: p.source.now, tokens: map[string]*tokenPlace{},
	}
	switch {
	case b.Basic != nil && b.Issued == nil && b.Issuer == nil:
		return p.addBasic(b.ClientID, b.Basic)
	case b.Issued != nil && b.Basic == nil && b.Issuer == nil:
		return p.addIssued(b.ClientID, b.Issued)
	case b.Issuer != nil && b.Basic == nil && b.Issued == nil:
		return p.addIssuer(b.ClientID, b.Issuer)
	}
	return errors.New("exactly one of the blocks basic, issued and issuer is needed")
}

func (p *products) addBasic(product string, b *basicBlock) error {
	switch {
	case b.Username == "" || b.Password == "":
		return router.Setting("basic", "username and password must not be empty")
	case strings.Contains(b.Username, ":"):
		return router.Setting("basic.username", "it can't have a colon: HTTP Basic ends it there")
	case p.users[b.Username].product != "":
		return router.Setting("basic.username", "another product has the username %q too", b.Username)
	}
	p.users[b.Username] = basicUser{product: product, passwords: newestFirst(b.Password, b.PreviousPassword)}
	return nil
}

const (
	// What is asked for, and what marketplaces ask for (AppDirect documentation,
	// "Authorize inbound API requests" and "Validate outbound event requests").
	outboundScope = "ROLE_APPLICATION"
	inboundScope  = "post_subscription_events"
	// tokenLifetime is what marketplaces give their own tokens.
	tokenLifetime    = "12h"
	shortestLifetime = time.Minute
	// shortestSecret: who has a token of ours may try secrets on it, as fast as
	// the machine can; sixteen random letters and digits are too many for that.
	shortestSecret = 16
	shortSecret    = "it must have at least %d characters: tokens are made with it"
)

func (p *products) addIssued(product string, b *issuedBlock) error {
	if b.Scope == "" {
		b.Scope = inboundScope
	}
	if b.Lifetime == "" {
		b.Lifetime = tokenLifetime
	}
	lifetime, err := parseDuration(b.Lifetime)
	switch {
	case err != nil:
		return router.Setting("issued.lifetime", "%w", err)
	case lifetime < shortestLifetime || lifetime > longestLifetime:
		return router.Setting("issued.lifetime", "%s is not between %s and %s", lifetime, shortestLifetime, longestLifetime)
	case b.ClientID == "":
		return router.Setting("issued.client_id", "it must not be empty")
	case len(b.ClientSecret) < shortestSecret:
		return router.Setting("issued.client_secret", shortSecret, shortestSecret)
	case b.PreviousSecret != "" && len(b.PreviousSecret) < shortestSecret:
		return router.Setting("issued.previous_secret", shortSecret, shortestSecret)
	case p.issued.clients[b.ClientID] != nil:
		return router.Setting("issued.client_id", "another product issues tokens to %q too", b.ClientID)
	}
	c, err := newTokenClient(p.source.name, product, b, lifetime)
	if err != nil {
		return err
	}
	p.issued.clients[c.id], p.issued.tags[c.tag] = c, c
	return nil
}

func (p *products) addIssuer(product string, b *issuerBlock) error {
	if b.Issuer == "" || b.Audience == "" || b.Client == "" {
		return router.Setting("issuer", "issuer, audience and client must not be empty")
	}
	keysAt, err := url.Parse(b.JWKSURL)
	if err != nil || keysAt.Host == "" || keysAt.User != nil || keysAt.Scheme != "http" && keysAt.Scheme != "https" {
		return router.Setting("issuer.jwks_url", "it is not an http or https address")
	}
	if !isConfidential(keysAt) {
		return router.Setting("issuer.jwks_url", "%q is plain http, over which anybody on the way can put keys of his own", b.JWKSURL)
	}
	by := p.issuers.byName[b.Issuer]
	if by == nil {
		by = &issuer{keys: newKeySet(b.JWKSURL, p.source.now), products: map[string]issuerProduct{}}
		p.issuers.byName[b.Issuer] = by
	}
	if by.keys.address != b.JWKSURL {
		return router.Setting("issuer.jwks_url", "another product has the issuer %q with another one", b.Issuer)
	}
	if by.products[b.Client].name != "" {
		return router.Setting("issuer.client", "another product has the issuer %q and the client %q too", b.Issuer, b.Client)
	}
	by.products[b.Client] = issuerProduct{name: product, audience: b.Audience}
	return nil
}

// finish turns on the schemes that some product has.
func (p *products) finish() {
	s := p.source
	if len(s.secrets) > 0 {
		p.creds.in[schemeOAuth] = sharedCredentials{verifier: &s.verifier, signed: s.signedAddress}
	}
	if len(p.users) > 0 {
		p.creds.in[schemeBasic] = p.users
	}
	var b bearerTokens
	if len(p.issued.clients) > 0 {
		b.issued = p.issued
		p.creds.endpoint = &tokenEndpoint{path: strings.TrimSuffix(s.path, "/") + tokenPath, tokens: p.issued}
	}
	if len(p.issuers.byName) > 0 {
		b.issuers = p.issuers
	}
	if b != (bearerTokens{}) {
		p.creds.in[schemeBearer] = b
	}
}
