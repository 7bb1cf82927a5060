package appdirect

import (
	"fmt"
	"net/http"
	"time"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/oauth"
)

// Source is one configured endpoint for one vendor's products. It may be used
// by many goroutines.
type Source struct {
	*settings
	name        string
	path        string
	log         zerolog.Logger
	now         func() time.Time
	verifier    oauth.Verifier
	credentials *credentials
	validation  *validation // nil if there is none
	client      *http.Client
}

var _ router.Source = (*Source)(nil)

// New builds a Source from its decoded block, by the schema of Kind. name goes
// into every notice as it is.
func New(name string, config router.Secret, deps router.SourceDeps) (router.Source, error) {
	b, err := readBlock(config)
	if err != nil {
		return nil, fmt.Errorf("configuring %s: %w", name, err)
	}
	s, err := readSettings(b, deps.PublicURL)
	if err != nil {
		return nil, fmt.Errorf("configuring %s: %w", name, err)
	}
	source := &Source{
		settings: s, name: name, path: deps.Path, log: deps.Log, now: deps.Now, client: newClient(s.marketplaces.private),
		verifier: oauth.Verifier{
			Secrets: func(key string) []router.Secret { return s.secrets[key] },
			Window:  s.window,
			Now:     deps.Now,
		},
	}
	if source.credentials, err = source.readProducts(b); err != nil {
		return nil, fmt.Errorf("configuring %s: %w", name, err)
	}
	if source.validation, err = readValidation(b.OrderValidation, source.path, s.replyWithin); err != nil {
		return nil, fmt.Errorf("configuring %s: %w", name, err)
	}
	return source, nil
}

const (
	// exchangeLimit ends an exchange with a marketplace whose caller set no
	// nearer deadline.
	exchangeLimit = 30 * time.Second
	// dialLimit leaves time for a second try within a caller's few seconds.
	dialLimit = 2 * time.Second
	// idleLimit closes connections that nobody uses; the connections of a
	// source that a reload has replaced end by it.
	idleLimit = 30 * time.Second
	// idleConns is enough for a marketplace's burst without new handshakes: no
	// more requests than this are in the fetch at one time.
	idleConns = router.DefaultMaxInFlight
	// maxResponseHeader is far above what marketplaces send with an event.
	maxResponseHeader = 64 << 10
)

// newClient returns a client that follows no redirect: a signature is made
// over one address, and another host is not on the list.
func newClient(private map[string]bool) *http.Client {
	return &http.Client{
		Timeout:       exchangeLimit,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     newGuard(private),
	}
}

// Limits says how long a marketplace waits. A SUBSCRIPTION_NOTICE can't be
// answered later (AppDirect documentation, "Asynchronous events"), and a product
// settings validation even less.
func (s *Source) Limits(eventType string) router.Limits {
	l := router.Limits{ReplyWithin: s.replyWithin, Late: router.LateCallback}
	switch eventType {
	case typeSubscriptionNotice:
		l.Late = router.LateAccepted
	case typeOrderValidation:
		l.Late, l.Synchronous = router.LateAccepted, true
		if s.validation != nil {
			l.ReplyWithin = s.validation.timeout
		}
	}
	return l
}

// MissingReply names what the marketplace needs of a success: without an
// accountIdentifier it would switch the subscription on and nobody could ever
// name it; an add-on is named by id in the same way.
func (s *Source) MissingReply(e *router.Event, reply []byte) string {
	if e.Flag == router.FlagStateless {
		return ""
	}
	switch r := readReply(reply); {
	case e.Type == typeSubscriptionOrder && r.AccountIdentifier == "":
		return "accountIdentifier"
	case e.Type == typeAddonOrder && r.ID == "":
		return "id"
	}
	return ""
}
