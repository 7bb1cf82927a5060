package appdirect

import (
	"encoding/json"

	"github.com/signalbox/signalbox/router"
)

// The event types that behave unlike the others.
const (
	typeSubscriptionOrder  = "SUBSCRIPTION_ORDER"
	typeSubscriptionNotice = "SUBSCRIPTION_NOTICE"
	typeAddonOrder         = "ADDON_ORDER"
)

// Error codes of results (AppDirect documentation, "Event error codes") that
// are given here.
const (
	codeUnauthorized       = "UNAUTHORIZED"
	codeConfigurationError = "CONFIGURATION_ERROR"
	codeInvalidResponse    = "INVALID_RESPONSE"
	codeNotFound           = "NOT_FOUND"
	codeUnknownError       = "UNKNOWN_ERROR"
)

// Kind describes the protocol to the configuration.
func Kind() router.SourceKind {
	return router.SourceKind{
		Name:   "appdirect",
		Config: configSchema(),
		Types: []string{
			typeSubscriptionOrder, "SUBSCRIPTION_CHANGE", "SUBSCRIPTION_CANCEL", typeSubscriptionNotice,
			"USER_ASSIGNMENT", "USER_UNASSIGNMENT", "USER_UPDATED",
			typeAddonOrder, "ADDON_CHANGE", "ADDON_BIND", "ADDON_UNBIND", "ADDON_CANCEL",
			"USER_SYNC", "USER_LINK", "ACCOUNT_SYNC", "ACCOUNT_UNSYNC",
		},
		Reply:    replySchema(),
		Codes:    codes(),
		Required: map[string]string{typeSubscriptionOrder: "accountIdentifier", typeAddonOrder: "id"},
		New:      New,
	}
}

// codes is the union of the error codes that AppDirect documents and those of
// its own connectors.
func codes() []string {
	return []string{
		"USER_ALREADY_EXISTS", "USER_NOT_FOUND", "ACCOUNT_NOT_FOUND", "MAX_USERS_REACHED", codeUnauthorized,
		"OPERATION_CANCELLED", codeConfigurationError, codeInvalidResponse, "PENDING", "FORBIDDEN",
		"BINDING_NOT_FOUND", "TRANSPORT_ERROR", codeUnknownError, codeNotFound, "INVALID_OPERATION",
	}
}

func replySchema() router.Schema {
	text := json.RawMessage(`"string"`)
	return router.Schema{Attrs: []router.Attr{
		{Name: "accountIdentifier", Type: text, Doc: "Your own id of the subscription. A SUBSCRIPTION_ORDER can't succeed without it."},
		{Name: "userIdentifier", Type: text, Doc: "Your own id of the user, at an order or an assignment."},
		{Name: "id", Type: text, Doc: "Your own id of the add-on instance or binding. An ADDON_ORDER can't succeed without it."},
		{Name: "metadata", Type: json.RawMessage(`["map","string"]`), Sensitive: true, Doc: "What an ADDON_BIND hands to the application, such as credentials."},
		{Name: "message", Type: text, Doc: "A text that the customer sees."},
	}}
}

func configSchema() router.Schema {
	text, texts := json.RawMessage(`"string"`), json.RawMessage(`["list","string"]`)
	return router.Schema{
		Attrs: []router.Attr{
			{Name: "public_url", Type: text, Doc: "The address that the marketplace calls, where it is not the daemon's own public_url."},
			{Name: "marketplaces", Type: texts, Required: true, Doc: "The base addresses of the marketplaces whose events are fetched."},
			{Name: "event_parameters", Type: texts, Default: json.RawMessage(`["url","eventUrl"]`), Doc: "The query parameters that may hold the event's address."},
			{Name: "reply_within", Type: text, Default: json.RawMessage(`"4s"`), Doc: "How long an answer may take before it becomes a callback. The marketplace gives up after 5s."},
			{Name: "timestamp_window", Type: text, Default: json.RawMessage(`"5m"`), Doc: "How far a signature's time may lie from now."},
			{Name: "refuse_with", Type: text, Default: json.RawMessage(`"401"`), Doc: `How a wrong signature is answered: "401", or "result" for a 200 with the code UNAUTHORIZED.`},
			{Name: "allow_dummy", Type: json.RawMessage(`"bool"`), Default: json.RawMessage(`false`), Doc: "Whether ping tests signed with AppDirect's published test key are answered."},
			{Name: "max_event_size", Type: json.RawMessage(`"number"`), Default: json.RawMessage(`1048576`), Doc: "The largest event that is read, in bytes."},
		},
		Blocks: []router.Block{{
			Name: "oauth1", Required: true, Repeats: true,
			Doc: "The credentials of one product. The consumer key of a notification tells which are meant.",
			Schema: router.Schema{Attrs: []router.Attr{
				{Name: "consumer_key", Type: text, Required: true, Doc: "The product's consumer key."},
				{Name: "consumer_secret", Type: text, Required: true, Sensitive: true, Doc: "The product's consumer secret."},
				{Name: "previous_secret", Type: text, Sensitive: true, Doc: "The secret that consumer_secret replaces, while it is still in use."},
			}},
		}},
	}
}
