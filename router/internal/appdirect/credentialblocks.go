package appdirect

import (
	"encoding/json"
	"strconv"

	"github.com/signalbox/signalbox/router"
)

// credentialBlocks are the blocks of a source that hold credentials.
func credentialBlocks() []router.Block {
	return []router.Block{
		{
			Name: "oauth1", Repeats: true,
			Doc: `One product with shared credentials: both sides sign by OAuth 1.0. The consumer key of a notification tells which product is meant. At least one product is needed, here or in "oauth2".`,
			Schema: router.Schema{Attrs: []router.Attr{
				needed("consumer_key", "The product's consumer key."),
				secret("consumer_secret", "The product's consumer secret.", true),
				secret("previous_secret", "The secret that consumer_secret replaces, while it is still in use.", false),
			}},
		},
		{
			Name: "oauth2", Repeats: true,
			Doc: `One product with separate credentials: OAuth 2.0 toward the marketplace, and one of "basic", "issued" and "issuer" for its notifications. It needs https.`,
			Schema: router.Schema{
				Attrs: []router.Attr{
					needed("client_id", "The product's client id at the marketplace: the inbound credentials, in AppDirect's words."),
					secret("client_secret", "The product's client secret at the marketplace.", true),
					secret("previous_secret", "The secret that client_secret replaces; it is tried when that is refused.", false),
					preset("scope", outboundScope, "The scope of the tokens that the marketplace is asked for."),
				},
				Blocks: []router.Block{basicSchema(), issuedSchema(), issuerSchema()},
			},
		},
	}
}

func basicSchema() router.Block {
	return router.Block{
		Name: "basic", Doc: "Notifications come with HTTP Basic: the outbound credentials, in AppDirect's words.",
		Schema: router.Schema{Attrs: []router.Attr{
			needed("username", "The user name. It tells which product is meant."),
			secret("password", "The password.", true),
			secret("previous_password", "The password that password replaces, while it is still in use.", false),
		}},
	}
}

func issuedSchema() router.Block {
	return router.Block{
		Name: "issued", Doc: "Notifications come with a bearer token that is issued here: the marketplace asks for it at the source's path + " + tokenPath + ".",
		Schema: router.Schema{Attrs: []router.Attr{
			needed("client_id", "The client id that is entered at the marketplace. It tells which product is meant."),
			secret("client_secret", "The client secret that is entered at the marketplace, of 16 characters or more. When it is changed, the tokens issued for it end.", true),
			secret("previous_secret", "The secret that client_secret replaces. Tokens issued for it stay good while it stands here.", false),
			preset("scope", inboundScope, "The scope that is entered at the marketplace."),
			preset("lifetime", tokenLifetime, "How long a token is good."),
		}},
	}
}

func issuerSchema() router.Block {
	return router.Block{
		Name: "issuer", Doc: "Notifications come with a bearer token of an authorization server of your own, a JSON Web Token.",
		Schema: router.Schema{Attrs: []router.Attr{
			needed("issuer", "The issuer, as it names itself in its tokens (iss)."),
			needed("jwks_url", "Where the issuer's public keys are."),
			needed("audience", "Whom the tokens must be for (aud)."),
			needed("client", "The client that the tokens must be given to (client_id, else azp, else sub). It tells which product is meant."),
		}},
	}
}

func needed(name, doc string) router.Attr {
	return router.Attr{Name: name, Type: json.RawMessage(`"string"`), Required: true, Doc: doc}
}

func preset(name, value, doc string) router.Attr {
	return router.Attr{Name: name, Type: json.RawMessage(`"string"`), Default: json.RawMessage(strconv.Quote(value)), Doc: doc}
}

func secret(name, doc string, required bool) router.Attr {
	return router.Attr{Name: name, Type: json.RawMessage(`"string"`), Required: required, Sensitive: true, Doc: doc}
}
