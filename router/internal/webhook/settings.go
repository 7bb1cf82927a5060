package webhook

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/signalbox/signalbox/router"
)

const (
	// defaultReplyWithin leaves 2 s of the 10 s that GitHub waits, the least
	// patient of the known senders (GitHub documentation, "Best practices for
	// using webhooks"). Standard Webhooks recommends to wait for 15 to 30 s.
	defaultReplyWithin = "8s"
	// maxReplyWithin is twice as long as any known sender waits.
	maxReplyWithin = time.Minute
	// defaultTolerance is what the libraries of Standard Webhooks and Stripe have.
	defaultTolerance = "5m"
	// maxTolerance: a longer one protects from no replay that matters.
	maxTolerance = time.Hour
)

// block is the source's configuration as it is decoded. What both kinds lack
// stays empty.
type block struct {
	Unauthenticated  bool            `json:"unauthenticated"`
	ReplyWithin      string          `json:"reply_within"`
	AllowedOrigins   []string        `json:"allowed_origins"`
	StandardWebhooks []signedBlock   `json:"standard_webhooks"`
	Stripe           []signedBlock   `json:"stripe"`
	HMAC             []signedBlock   `json:"hmac"`
	Basic            []passwordBlock `json:"basic"`
	Bearer           []passwordBlock `json:"bearer"`
}

type signedBlock struct {
	Secret         string  `json:"secret"`
	PreviousSecret string  `json:"previous_secret"`
	Tolerance      string  `json:"tolerance"`
	Headers        string  `json:"headers"`
	Header         string  `json:"header"`
	Prefix         *string `json:"prefix"`
	Algorithm      string  `json:"algorithm"`
	Encoding       string  `json:"encoding"`
}

type passwordBlock struct {
	Username         string `json:"username"`
	Password         string `json:"password"`
	PreviousPassword string `json:"previous_password"`
	Token            string `json:"token"`
	PreviousToken    string `json:"previous_token"`
	Header           string `json:"header"`
}

func newSource(name string, config router.Secret, deps router.SourceDeps) (*Source, error) {
	var b block
	if json.Unmarshal(config.Reveal(), &b) != nil {
		// The decoder's own words may quote a secret.
		return nil, errors.New("reading the source's configuration: it is not the object that the schema describes")
	}
	s := &Source{name: name, now: deps.Now, expressions: deps.Expressions, origins: b.AllowedOrigins, anyone: b.Unauthenticated}
	var err error
	if s.replyWithin, err = duration(b.ReplyWithin, defaultReplyWithin, maxReplyWithin); err != nil {
		return nil, router.Setting("reply_within", "%w", err)
	}
	if s.proofs, err = readProofs(b, deps.Now); err != nil {
		return nil, err
	}
	if len(s.proofs) == 0 && !s.anyone {
		return nil, router.Setting("unauthenticated",
			"nothing says who may send events: give a block such as bearer or hmac, or set it to true if anybody may")
	}
	if len(s.proofs) > 0 && s.anyone {
		return nil, router.Setting("unauthenticated", "it is true, so that the block %q would keep nobody out: take one of them away", s.proofs[0].name)
	}
	return s, nil
}

// readProofs makes the proofs, those with a signature first.
func readProofs(b block, now func() time.Time) ([]proof, error) {
	var out []proof
	var err error
	add := func(name string, n int, make func(i int) (proof, error)) {
		for i := 0; i < n && err == nil; i++ {
			var p proof
			if p, err = make(i); err != nil {
				err = router.Setting(fmt.Sprintf("%s.%d", name, i), "%w", err)
			}
			p.name = name
			out = append(out, p)
		}
	}
	add("standard_webhooks", len(b.StandardWebhooks), func(i int) (proof, error) { return standardProof(b.StandardWebhooks[i], now) })
	add("stripe", len(b.Stripe), func(i int) (proof, error) { return stripeProof(b.Stripe[i]) })
	add("hmac", len(b.HMAC), func(i int) (proof, error) { return hmacProof(b.HMAC[i]) })
	add("basic", len(b.Basic), func(i int) (proof, error) { return basicProof(b.Basic[i]) })
	add("bearer", len(b.Bearer), func(i int) (proof, error) { return bearerProof(b.Bearer[i]) })
	return out, err
}

// checkExpressions refuses a webhook whose requests would have no id or no type.
func (s *Source) checkExpressions() error {
	for _, attr := range []string{attrID, attrType} {
		if s.expressions[attr] != nil {
			continue
		}
		if s.anyone {
			return router.Setting(attr, `it must be given: say where a request has it, as in %s = request.body.%s`, attr, attr)
		}
		for _, p := range s.proofs {
			if p.own[attr] == nil {
				return router.Setting(attr, `it must be given, since a request that "%s" lets in may have it anywhere: %s = request.body.%s, say`, p.name, attr, attr)
			}
		}
	}
	return nil
}

func duration(text, otherwise string, most time.Duration) (time.Duration, error) {
	if text == "" {
		text = otherwise
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration such as %q", text, otherwise)
	}
	if d <= 0 || d > most {
		return 0, fmt.Errorf("%q must be more than 0s and at most %s", text, most)
	}
	return d, nil
}

// given refuses a secret that is no secret, or that would never match.
func given(name, value string) error {
	if value == "" {
		return fmt.Errorf("%s must not be empty", name)
	}
	if strings.TrimSpace(value) != value {
		return fmt.Errorf("%s has space around it", name)
	}
	return nil
}

// both are the newest secret and the one that it replaces, if there is one.
func both(name, newest, previous string) ([]string, error) {
	if err := given(name, newest); err != nil || previous == "" {
		return []string{newest}, err
	}
	return []string{newest, previous}, given("previous_"+name, previous)
}
