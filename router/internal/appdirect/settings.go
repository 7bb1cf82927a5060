package appdirect

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/signalbox/signalbox/router"
)

const (
	// callerGivesUp is when a marketplace stops waiting for an answer
	// (AppDirect documentation, "Synchronous and asynchronous events").
	callerGivesUp = 5 * time.Second

	// The credentials that AppDirect publishes for ping tests, and where those
	// tests' events are served.
	dummyKey    = "Dummy"
	dummySecret = "secret"
	dummyBase   = "https://www.appdirect.com"

	// largestEventSize keeps max_event_size to what a busy daemon can hold many
	// of at once.
	largestEventSize = 64 << 20

	// refuse_with: a 401, or a 200 with a result.
	refuseWithStatus = "401"
	refuseWithResult = "result"
)

// block is the source's configuration as it is decoded.
type block struct {
	PublicURL       string   `json:"public_url"`
	Marketplaces    []string `json:"marketplaces"`
	EventParameters []string `json:"event_parameters"`
	ReplyWithin     string   `json:"reply_within"`
	TimestampWindow string   `json:"timestamp_window"`
	RefuseWith      string   `json:"refuse_with"`
	AllowDummy      bool     `json:"allow_dummy"`
	MaxEventSize    int64    `json:"max_event_size"`
	OAuth1          []struct {
		ConsumerKey    string `json:"consumer_key"`
		ConsumerSecret string `json:"consumer_secret"`
		PreviousSecret string `json:"previous_secret"`
	} `json:"oauth1"`
}

// settings is the checked configuration.
type settings struct {
	public       *url.URL
	marketplaces map[string]bool // by base address
	parameters   []string
	replyWithin  time.Duration
	window       time.Duration
	refuseStatus int
	allowDummy   bool
	maxEventSize int64
	secrets      map[string][]router.Secret // by consumer key, the newest first
}

// readSettings decodes and checks a configuration; what it lacks has the
// schema's defaults. An error names the attribute and no secret.
func readSettings(config router.Secret, publicURL string) (*settings, error) {
	b, err := readBlock(config)
	if err != nil {
		return nil, err
	}
	s := &settings{parameters: b.EventParameters, allowDummy: b.AllowDummy, maxEventSize: b.MaxEventSize}
	if b.PublicURL != "" {
		publicURL = b.PublicURL
	}
	if publicURL == "" {
		return nil, router.Setting("public_url", "it must be given, here or at the top of the configuration: signatures are made over the address that the marketplace calls")
	}
	if s.public, err = parseBase(publicURL); err != nil {
		return nil, router.Setting("public_url", "%w", err)
	}
	if len(b.Marketplaces) == 0 {
		return nil, router.Setting("marketplaces", "at least one is needed")
	}
	s.marketplaces = map[string]bool{}
	for _, m := range b.Marketplaces {
		u, err := parseBase(m)
		if err == nil && u.Path != "" {
			err = fmt.Errorf("%q has a path; a base address ends with the host", m)
		}
		if err != nil {
			return nil, router.Setting("marketplaces", "%w", err)
		}
		s.marketplaces[baseOf(u)] = true
	}
	if len(s.parameters) == 0 || slices.Contains(s.parameters, "") {
		return nil, router.Setting("event_parameters", "at least one name is needed, and none may be empty")
	}
	if s.replyWithin, err = parseDuration(b.ReplyWithin); err != nil {
		return nil, router.Setting("reply_within", "%w", err)
	}
	if s.replyWithin > callerGivesUp {
		return nil, router.Setting("reply_within", "%s is longer than the %s that a marketplace waits", s.replyWithin, callerGivesUp)
	}
	if s.window, err = parseDuration(b.TimestampWindow); err != nil {
		return nil, router.Setting("timestamp_window", "%w", err)
	}
	switch b.RefuseWith {
	case refuseWithStatus:
		s.refuseStatus = 401
	case refuseWithResult:
		s.refuseStatus = 200
	default:
		return nil, router.Setting("refuse_with", "%q is neither %q nor %q", b.RefuseWith, refuseWithStatus, refuseWithResult)
	}
	if s.maxEventSize <= 0 || s.maxEventSize > largestEventSize {
		return nil, router.Setting("max_event_size", "%d is not between 1 and %d", s.maxEventSize, largestEventSize)
	}
	return s, s.readCredentials(b)
}

func readBlock(config router.Secret) (*block, error) {
	defaults := map[string]json.RawMessage{}
	for _, a := range configSchema().Attrs {
		if a.Default != nil {
			defaults[a.Name] = a.Default
		}
	}
	raw, err := json.Marshal(defaults)
	if err != nil {
		return nil, fmt.Errorf("reading the defaults: %w", err)
	}
	var b block
	if err := json.Unmarshal(raw, &b); err != nil {
		return nil, fmt.Errorf("reading the defaults: %w", err)
	}
	if err := json.Unmarshal(config.Reveal(), &b); err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	return &b, nil
}

func (s *settings) readCredentials(b *block) error {
	s.secrets = map[string][]router.Secret{}
	if s.allowDummy {
		s.secrets[dummyKey] = []router.Secret{router.NewSecret([]byte(dummySecret))}
	}
	if len(b.OAuth1) == 0 {
		return router.Setting("oauth1", "the credentials of at least one product are needed")
	}
	for _, c := range b.OAuth1 {
		if c.ConsumerKey == "" || c.ConsumerSecret == "" {
			return router.Setting("oauth1", "consumer_key and consumer_secret must not be empty")
		}
		if s.secrets[c.ConsumerKey] != nil {
			return router.Setting("oauth1", "the consumer_key %q is configured twice (allow_dummy configures %q)", c.ConsumerKey, dummyKey)
		}
		secrets := []router.Secret{router.NewSecret([]byte(c.ConsumerSecret))}
		if c.PreviousSecret != "" {
			secrets = append(secrets, router.NewSecret([]byte(c.PreviousSecret)))
		}
		s.secrets[c.ConsumerKey] = secrets
	}
	return nil
}

func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err == nil && d <= 0 {
		err = fmt.Errorf("%q is not more than 0", text)
	}
	return d, err
}
