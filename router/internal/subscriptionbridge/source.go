package subscriptionbridge

import (
	"context"
	"time"

	"github.com/signalbox/signalbox/router"
)

// Source is one configured endpoint that stores call.
type Source struct {
	name    string
	stores  map[string]*store // by username
	decoy   []secretPair
	proxies networks
	compat  compat

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
		Extra:  extraSchema(),
		Shapes: shapes(),
		Codes:  codes(),
		New:    newSource,
	}
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
