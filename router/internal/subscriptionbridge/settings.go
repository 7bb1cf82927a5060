package subscriptionbridge

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/signalbox/signalbox/router"
)

const (
	// defaultReplyWithin leaves 10 s of the 30 s that SubscriptionBridge's .NET
	// client waits, the least patient of those known.
	defaultReplyWithin = "20s"
	// maxReplyWithin is as long as the most patient known client, the PHP one,
	// waits.
	maxReplyWithin = 400 * time.Second
	// defaultDedupeWindow outlives every retry that can still carry the token
	// it began with, and a scheduler's first few with a new one.
	defaultDedupeWindow = "10m"
)

func configSchema() router.Schema {
	return router.Schema{
		Attrs: append(storeAttrs(false),
			router.Attr{Name: "trusted_proxies", Type: texts(),
				Doc: "The addresses or networks of the proxies before this daemon. A call that one of them hands on comes from the right-most address in its X-Forwarded-For that is no such proxy; without them, from where the connection comes from. The Forwarded header is not read."},
			router.Attr{Name: "reply_within", Type: text(), Default: quoted(defaultReplyWithin),
				Doc: "How long a caller waits for the verdict before it is told Warning: accepted, not done."},
			router.Attr{Name: "dedupe_window", Type: text(), Default: quoted(defaultDedupeWindow),
				Doc: "For how long after an event is finished a repeat (same store, same GUID, same Action) is the same event."},
		),
		Blocks: []router.Block{
			{Name: "store", Repeats: true, Schema: router.Schema{Attrs: storeAttrs(true)},
				Doc: "A store that may call; with several of them, one block each. A source of one store may have its attributes without a block around them."},
			{Name: "compat", Schema: compatSchema(),
				Doc: "What answers hold beyond the protocol's pages, for clients that look for it."},
		},
	}
}

func text() json.RawMessage    { return json.RawMessage(`"string"`) }
func texts() json.RawMessage   { return json.RawMessage(`["list","string"]`) }
func boolean() json.RawMessage { return json.RawMessage(`"bool"`) }

// storeAttrs are a store's attributes. They are required of a store in a block;
// without one there may be none.
func storeAttrs(required bool) []router.Attr {
	return []router.Attr{
		{Name: "username", Type: text(), Required: required,
			Doc: "The store's API username, as callers send it."},
		{Name: "password", Type: text(), Required: required, Sensitive: true,
			Doc: "The store's API password; callers hash it into their tokens."},
		{Name: "api_key", Type: text(), Required: required, Sensitive: true,
			Doc: "The store's API key; callers sign their tokens with it."},
		{Name: "previous_password", Type: text(), Sensitive: true,
			Doc: "The password that is being replaced: tokens made with it are good too."},
		{Name: "previous_api_key", Type: text(), Sensitive: true,
			Doc: "The key that is being replaced: tokens made with it are good too."},
		{Name: "allow_from", Type: texts(),
			Doc: `The addresses or networks ("203.0.113.0/24") that the store may call from; without it, any. Behind a proxy it needs trusted_proxies.`},
	}
}

// storeSettings is a decoded store. An absent optional attribute is "" or null.
type storeSettings struct {
	Username         string   `json:"username"`
	Password         string   `json:"password"`
	APIKey           string   `json:"api_key"`
	PreviousPassword string   `json:"previous_password"`
	PreviousAPIKey   string   `json:"previous_api_key"`
	AllowFrom        []string `json:"allow_from"`
}

// settings is the decoded block.
type settings struct {
	storeSettings
	Stores         []storeSettings `json:"store"`
	TrustedProxies []string        `json:"trusted_proxies"`
	ReplyWithin    string          `json:"reply_within"`
	DedupeWindow   string          `json:"dedupe_window"`
	Compat         *compat         `json:"compat"`
}

func newSource(name string, config router.Secret, deps router.SourceDeps) (router.Source, error) {
	var c settings
	if json.Unmarshal(config.Reveal(), &c) != nil {
		// The decoder's own words may quote a secret.
		return nil, errors.New("reading the source's configuration: it is not the object that the schema describes")
	}
	s := &Source{name: name, stores: map[string]*store{}, now: deps.Now}
	if err := s.readStores(&c); err != nil {
		return nil, err
	}
	var err error
	if s.proxies, err = readNetworks(c.TrustedProxies); err != nil {
		return nil, router.Setting("trusted_proxies", "%w", err)
	}
	for _, p := range s.proxies {
		if p.Bits() == 0 {
			return nil, router.Setting("trusted_proxies", "%s trusts everybody, and anybody can write an X-Forwarded-For", p)
		}
	}
	if c.Compat != nil {
		s.compat = *c.Compat
	}
	if err := s.compat.check(); err != nil {
		return nil, router.Setting("compat", "%w", err)
	}
	if s.replyWithin, err = duration("reply_within", c.ReplyWithin, defaultReplyWithin); err != nil {
		return nil, err
	}
	if s.replyWithin == 0 || s.replyWithin > maxReplyWithin {
		return nil, router.Setting("reply_within", "it must be more than 0s and at most %s: no caller waits longer", maxReplyWithin)
	}
	if s.dedupeWindow, err = duration("dedupe_window", c.DedupeWindow, defaultDedupeWindow); err != nil {
		return nil, err
	}
	return s, nil
}

// readStores takes the store that stands without a block, if there is one, and
// those in blocks.
func (s *Source) readStores(c *settings) error {
	if only := c.storeSettings; only.given() || len(c.Stores) == 0 {
		if attr, err := s.addStore(only); err != nil {
			return router.Setting(attr, "%w", err)
		}
	}
	for i, one := range c.Stores {
		if attr, err := s.addStore(one); err != nil {
			return router.Setting("store", "%s of number %d: %w", attr, i+1, err)
		}
	}
	return nil
}

// given reports whether anything of a store is there.
func (c storeSettings) given() bool {
	return c.Username+c.Password+c.APIKey+c.PreviousPassword+c.PreviousAPIKey != "" || c.AllowFrom != nil
}

// addStore adds a store, or says which attribute of it can't be used.
func (s *Source) addStore(c storeSettings) (attr string, err error) {
	switch {
	case c.Username == "" || strings.TrimSpace(c.Username) != c.Username:
		return "username", errors.New("it must be given, with no space around it")
	case strings.Contains(c.Username, keySeparator):
		return "username", fmt.Errorf("it must not contain %s, which stands between the parts of an event's key", keySeparator)
	case s.stores[c.Username] != nil:
		return "username", fmt.Errorf("%q is configured twice", c.Username)
	case c.Password == "":
		return "password", errors.New("it must be given, and not be empty")
	case c.APIKey == "":
		return "api_key", errors.New("it must be given, and not be empty: a token could be made without it")
	case c.AllowFrom != nil && len(c.AllowFrom) == 0:
		return "allow_from", errors.New("it names nobody; leave it out to let the store call from anywhere")
	}
	st := &store{username: c.Username,
		secrets: secretPairs([]string{c.Password, c.PreviousPassword}, []string{c.APIKey, c.PreviousAPIKey})}
	if st.allowFrom, err = readNetworks(c.AllowFrom); err != nil {
		return "allow_from", err
	}
	s.stores[c.Username] = st
	if s.decoy == nil {
		s.decoy = st.secrets
	}
	return "", nil
}

func duration(attr, text, fallback string) (time.Duration, error) {
	if text == "" {
		text = fallback
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, router.Setting(attr, "%q is not a duration such as %q", text, fallback)
	}
	return d, nil
}

func quoted(s string) json.RawMessage { return json.RawMessage(`"` + s + `"`) }
