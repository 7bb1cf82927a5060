package subscriptionbridge

import (
	"context"
	"encoding/json"
	"errors"
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

// Source is one configured store that EventRequests come in for.
type Source struct {
	name         string
	username     string
	secrets      []secretPair
	replyWithin  time.Duration
	dedupeWindow time.Duration
	now          func() time.Time
}

// Kind returns the protocol as the configuration sees it.
func Kind() router.SourceKind {
	return router.SourceKind{
		Name:   "subscriptionbridge",
		Config: configSchema(),
		Types:  actionNames(),
		Codes:  []string{codeInternal, codeAuthentication, codeMissing, codeInvalid},
		New:    newSource,
	}
}

func configSchema() router.Schema {
	text := json.RawMessage(`"string"`)
	return router.Schema{Attrs: []router.Attr{
		{Name: "username", Type: text, Required: true,
			Doc: "The store's API username, as callers send it."},
		{Name: "password", Type: text, Required: true, Sensitive: true,
			Doc: "The store's API password; callers hash it into their tokens."},
		{Name: "api_key", Type: text, Required: true, Sensitive: true,
			Doc: "The store's API key; callers sign their tokens with it."},
		{Name: "previous_password", Type: text, Sensitive: true,
			Doc: "The password that is being replaced: tokens made with it are good too."},
		{Name: "previous_api_key", Type: text, Sensitive: true,
			Doc: "The key that is being replaced: tokens made with it are good too."},
		{Name: "reply_within", Type: text, Default: quoted(defaultReplyWithin),
			Doc: "How long a caller waits for the verdict before it is told Warning: accepted, not done."},
		{Name: "dedupe_window", Type: text, Default: quoted(defaultDedupeWindow),
			Doc: "For how long after an event is finished a repeat (same GUID, same Action) is the same event."},
	}}
}

func quoted(s string) json.RawMessage { return json.RawMessage(`"` + s + `"`) }

// settings is the decoded block. An absent optional attribute is "" or null.
type settings struct {
	Username         string `json:"username"`
	Password         string `json:"password"`
	APIKey           string `json:"api_key"`
	PreviousPassword string `json:"previous_password"`
	PreviousAPIKey   string `json:"previous_api_key"`
	ReplyWithin      string `json:"reply_within"`
	DedupeWindow     string `json:"dedupe_window"`
}

func newSource(name string, config router.Secret, deps router.SourceDeps) (router.Source, error) {
	var c settings
	if json.Unmarshal(config.Reveal(), &c) != nil {
		// The decoder's own words may quote a secret.
		return nil, errors.New("reading the source's configuration: it is not the object that the schema describes")
	}
	if c.Username == "" || strings.TrimSpace(c.Username) != c.Username {
		return nil, router.Setting("username", "it must be given, with no space around it")
	}
	if c.Password == "" {
		return nil, router.Setting("password", "it must not be empty")
	}
	if c.APIKey == "" {
		return nil, router.Setting("api_key", "it must not be empty: a token could be made without it")
	}
	s := &Source{name: name, username: c.Username, now: deps.Now,
		secrets: secretPairs([]string{c.Password, c.PreviousPassword}, []string{c.APIKey, c.PreviousAPIKey})}
	var err error
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

// Limits says that a caller is told "accepted" when its time is over: the
// protocol has no later answer. It has no event id either: within the dedupe
// window a second event can't be told from a repeat.
func (s *Source) Limits(string) router.Limits {
	return router.Limits{ReplyWithin: s.replyWithin, Late: router.LateAccepted, DedupeWindow: s.dedupeWindow}
}

// Callback is never owed.
func (s *Source) Callback(context.Context, *router.Event, router.Verdict) router.Outcome {
	return router.Outcome{Kind: router.Rejected, Detail: "a SubscriptionBridge caller can't be called back"}
}

// MissingReply names nothing: a success carries no attributes.
func (s *Source) MissingReply(*router.Event, []byte) string { return "" }
