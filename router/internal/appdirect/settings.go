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
	PublicURL    string   `json:"public_url"`
	Marketplaces []string `json:"marketplaces"`
	// Aliases leads from another address of a marketplace to its own.
	Aliases             map[string]string `json:"aliases"`
	PrivateMarketplaces []string          `json:"private_marketplaces"`
	EventParameters     []string          `json:"event_parameters"`
	TokenParameters     []string          `json:"token_parameters"`
	TokenBase           string            `json:"token_base"`
	ReplyWithin         string            `json:"reply_within"`
	TimestampWindow     string            `json:"timestamp_window"`
	RefuseWith          string            `json:"refuse_with"`
	AllowDummy          bool              `json:"allow_dummy"`
	MaxEventSize        int64             `json:"max_event_size"`
	OAuth1              []sharedBlock     `json:"oauth1"`
	OAuth2              []separateBlock   `json:"oauth2"`
	Interactive         bool              `json:"interactive"`
	OrderValidation     *validationBlock  `json:"order_validation"`
}

// settings is the checked configuration.
type settings struct {
	public       *url.URL
	marketplaces *marketplaces
	parameters   []string
	// tokenParameters may hold an event's token, and tokenBase is where such
	// events are, or "".
	tokenParameters []string
	tokenBase       string
	replyWithin     time.Duration
	window          time.Duration
	refuseStatus    int
	allowDummy      bool
	maxEventSize    int64
	interactive     bool
	secrets         map[string][]router.Secret // by consumer key, the newest first
}

// readSettings checks a configuration. An error names the attribute and no
// secret.
func readSettings(b *block, publicURL string) (*settings, error) {
	s := &settings{parameters: b.EventParameters, tokenParameters: b.TokenParameters, allowDummy: b.AllowDummy, maxEventSize: b.MaxEventSize, interactive: b.Interactive}
	if b.PublicURL != "" {
		publicURL = b.PublicURL
	}
	if publicURL == "" {
		return nil, router.Setting("public_url", "it must be given, here or at the top of the configuration: signatures are made over the address that the marketplace calls")
	}
	var err error
	if s.public, err = parseBase(publicURL); err != nil {
		return nil, router.Setting("public_url", "%w", err)
	}
	if s.marketplaces, err = readMarketplaces(b); err != nil {
		return nil, err
	}
	if s.tokenBase, err = s.marketplaces.readTokenBase(b.TokenBase); err != nil {
		return nil, err
	}
	if len(s.parameters) == 0 || slices.Contains(s.parameters, "") {
		return nil, router.Setting("event_parameters", "at least one name is needed, and none may be empty")
	}
	if slices.Contains(s.tokenParameters, "") {
		return nil, router.Setting("token_parameters", "no name may be empty")
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
	if err := s.readShared(b.OAuth1); err != nil {
		return nil, err
	}
	if s.interactive && len(s.secrets) == 0 {
		return nil, router.Setting("interactive", "it needs a product with shared credentials, in oauth1: a browser can't bring others")
	}
	return s, nil
}

// readBlock decodes a configuration; what it lacks has the schema's defaults.
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

func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err == nil && d <= 0 {
		err = fmt.Errorf("%q is not more than 0", text)
	}
	return d, err
}
