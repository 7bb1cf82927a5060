package webhook

import (
	"encoding/json"
	"slices"

	"github.com/signalbox/signalbox/router"
)

// The attributes that are evaluated for each request.
const (
	attrID   = "id"
	attrType = "type"
	attrLane = "lane"
)

// Kind describes the source "webhook" to the configuration.
func Kind() router.SourceKind {
	return router.SourceKind{
		Name:   "webhook",
		Config: router.Schema{Attrs: commonAttrs(), Blocks: slices.Concat(commonProofs(), ownProofs())},
		Expressions: []router.Expression{
			{Name: attrID, Doc: "What tells the event from every other: a repeat with the same id gets the stored answer."},
			{Name: attrType, Constant: true, Doc: "The event's type, as routes name it in on."},
			{Name: attrLane, Constant: true, Doc: "Whom the event is about: events of one lane run one after the other. Without it, none waits for another."},
		},
		Shapes:   webhookShapes(),
		Declares: true,
		Hides:    likeSecret,
		Reply:    replySchema(),
		New: func(name string, config router.Secret, deps router.SourceDeps) (router.Source, error) {
			s, err := newSource(name, config, deps)
			if err != nil {
				return nil, err
			}
			s.read = s.readWebhook
			return s, s.checkExpressions()
		},
	}
}

// CloudEvents describes the source "cloudevents" to the configuration.
func CloudEvents() router.SourceKind {
	return router.SourceKind{
		Name: "cloudevents",
		Config: router.Schema{
			Attrs: append(commonAttrs(), router.Attr{Name: "allowed_origins", Type: json.RawMessage(`["list","string"]`),
				Doc: `Senders that ask first whether they may send (OPTIONS with WebHook-Request-Origin), as Azure Event Grid does ("eventgrid.azure.net").`}),
			Blocks: commonProofs(),
		},
		Expressions: []router.Expression{
			{Name: attrLane, Constant: true, Doc: "Whom the event is about; default: the extension partitionkey, else source and subject, else none waits for another. The request is seen in binary mode, whatever it came in."},
		},
		Shapes:   cloudEventShapes(),
		Declares: true,
		Hides:    likeSecret,
		Reply:    replySchema(),
		New: func(name string, config router.Secret, deps router.SourceDeps) (router.Source, error) {
			s, err := newSource(name, config, deps)
			if err != nil {
				return nil, err
			}
			s.read = s.readCloudEvent
			return s, nil
		},
	}
}

func replySchema() router.Schema {
	return router.Schema{Attrs: []router.Attr{text("message", "A text for the sender's log of its webhooks.")}}
}

func commonAttrs() []router.Attr {
	return []router.Attr{
		{Name: "unauthenticated", Type: json.RawMessage(`"bool"`), Default: json.RawMessage(`false`),
			Doc: "Whether anybody may send events. Where it is true there can be no block that says who may."},
		preset("reply_within", defaultReplyWithin, "How long a sender waits for the verdict before it is told 202: accepted, not done."),
	}
}

// commonProofs are the blocks that both kinds have, ownProofs those of webhooks.
func commonProofs() []router.Block {
	return []router.Block{
		proofBlock("hmac", "A signature over the body in a header, as GitHub's X-Hub-Signature-256 (the default). It covers no header.",
			preset("header", gitHubHeader, "The header that holds the signature."),
			text("prefix", `What stands before the signature; default: "sha256=" in GitHub's header, else nothing.`),
			preset("algorithm", "sha256", "sha256, sha512 or sha1."),
			preset("encoding", "hex", "hex or base64."),
			secret("secret", "The key that both sides know."),
			previous("previous_secret", "The key that secret replaces, while it is still in use."),
		),
		proofBlock("basic", "A user name and a password (RFC 7617).",
			needed(text("username", "The user name.")),
			secret("password", "The password."),
			previous("previous_password", "The password that is being replaced: it is good too."),
		),
		proofBlock("bearer", "A token that the sender shows (RFC 6750).",
			secret("token", "The token."),
			previous("previous_token", "The token that is being replaced: it is good too."),
			text("header", `A header that holds the token bare, as X-Gitlab-Token does; default: "Authorization: Bearer TOKEN".`),
		),
	}
}

func ownProofs() []router.Block {
	return []router.Block{
		proofBlock("standard_webhooks", "Signed as Standard Webhooks says, version v1. The id is webhook-id, the type is the body's.",
			secret("secret", `The endpoint's secret: "whsec_" and base64, or the key itself.`),
			previous("previous_secret", "The secret that is being replaced: signatures made with it are good too."),
			preset("tolerance", defaultTolerance, "How far a signature's time may lie from now."),
			preset("headers", "webhook", `What the names of the three headers begin with: webhook, or svix for senders that use Svix.`),
		),
		proofBlock("stripe", "Signed by Stripe. The id and the type are the body's.",
			secret("secret", "The endpoint's signing secret."),
			previous("previous_secret", "The secret that is being replaced: signatures made with it are good too."),
			preset("tolerance", defaultTolerance, "How old a signature may be."),
		),
	}
}

// proofBlock may repeat: one address may serve several senders.
func proofBlock(name, doc string, attrs ...router.Attr) router.Block {
	return router.Block{Name: name, Repeats: true, Doc: doc, Schema: router.Schema{Attrs: attrs}}
}

func text(name, doc string) router.Attr {
	return router.Attr{Name: name, Type: json.RawMessage(`"string"`), Doc: doc}
}

func needed(a router.Attr) router.Attr { a.Required = true; return a }

func preset(name, value, doc string) router.Attr {
	a := text(name, doc)
	a.Default = json.RawMessage(`"` + value + `"`)
	return a
}

func previous(name, doc string) router.Attr {
	a := text(name, doc)
	a.Sensitive = true
	return a
}

func secret(name, doc string) router.Attr { return needed(previous(name, doc)) }
