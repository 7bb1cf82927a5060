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
	typeAddonBind          = "ADDON_BIND"
	typeUserAssignment     = "USER_ASSIGNMENT"
	// typeOrderValidation is of this program's making: a product settings
	// validation has no type of its own.
	typeOrderValidation = "ORDER_VALIDATION"

	// addonTypes begins the types of the older generation of add-ons.
	addonTypes = "ADDON_"
)

// Error codes of results (AppDirect documentation, "Event error codes") that
// are given here.
const (
	codeUnauthorized       = "UNAUTHORIZED"
	codeConfigurationError = "CONFIGURATION_ERROR"
	codeInvalidResponse    = "INVALID_RESPONSE"
	codeNotFound           = "NOT_FOUND"
	codeUnknownError       = "UNKNOWN_ERROR"
	codeCancelled          = "OPERATION_CANCELLED"
	// codeCanceled is how the documentation of 2012 spells codeCancelled.
	codeCanceled = "OPERATION_CANCELED"
)

// replyTakes says what a success of each known type may hold (AppDirect
// documentation, "Integration events", the page of each type; userIdentifier as
// AppDirect's service-integration-sdk has it). The ADDON_ types have no page any
// more: metadata is what a vendor's answers on a live marketplace held, and that
// ADDON_BIND's id is taken is a guess. Of the types for linking accounts nothing
// is known, so that they take all, as types do that are not known themselves.
var replyTakes = map[string][]string{
	typeSubscriptionOrder:  {"message", "accountIdentifier", "userIdentifier"},
	"SUBSCRIPTION_CHANGE":  {"message"},
	"SUBSCRIPTION_CANCEL":  {"message"},
	typeSubscriptionNotice: {"message"},
	typeUserAssignment:     {"message", "userIdentifier"},
	"USER_UNASSIGNMENT":    {"message"},
	"USER_UPDATED":         {"message"},
	typeAddonOrder:         {"message", "id"},
	"ADDON_CHANGE":         {"message"},
	typeAddonBind:          {"message", "id", "metadata"},
	"ADDON_UNBIND":         {"message"},
	"ADDON_CANCEL":         {"message"},
	typeOrderValidation:    {"result"},
}

// Kind describes the protocol to the configuration.
func Kind() router.SourceKind {
	return router.SourceKind{
		Name:   "appdirect",
		Config: configSchema(),
		Types: []string{
			typeSubscriptionOrder, "SUBSCRIPTION_CHANGE", "SUBSCRIPTION_CANCEL", typeSubscriptionNotice,
			typeUserAssignment, "USER_UNASSIGNMENT", "USER_UPDATED",
			typeAddonOrder, "ADDON_CHANGE", typeAddonBind, "ADDON_UNBIND", "ADDON_CANCEL",
			"USER_SYNC", "USER_LINK", "ACCOUNT_SYNC", "ACCOUNT_UNSYNC", typeOrderValidation,
		},
		Extra:    extraSchema(),
		Shapes:   shapes(),
		Reply:    replySchema(),
		Takes:    replyTakes,
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
		codeCancelled, codeConfigurationError, codeInvalidResponse, "PENDING", "FORBIDDEN",
		"BINDING_NOT_FOUND", "TRANSPORT_ERROR", codeUnknownError, codeNotFound, "INVALID_OPERATION",
	}
}

// extraSchema is what events of AppDirect have at the top of the envelope.
func extraSchema() router.Schema {
	return router.Schema{Attrs: []router.Attr{{
		Name: "addon", Type: json.RawMessage(`"bool"`), Required: true,
		Doc: "Whether the event is of an add-on: one of the older ADDON_ types, or one whose account has a parentAccountIdentifier.",
	}}}
}

func replySchema() router.Schema {
	text := json.RawMessage(`"string"`)
	return router.Schema{Attrs: []router.Attr{
		{Name: "accountIdentifier", Type: text, Doc: "Your own id of the subscription. A SUBSCRIPTION_ORDER can't succeed without it."},
		{Name: "userIdentifier", Type: text, Doc: "Your own id of the user, at an order or an assignment."},
		{Name: "id", Type: text, Doc: "Your own id of the add-on instance or binding. An ADDON_ORDER can't succeed without it."},
		{Name: "metadata", Type: json.RawMessage(`["map","string"]`), Sensitive: true, Doc: "What an ADDON_BIND hands to the application, such as credentials."},
		{Name: "message", Type: text, Doc: "A text that the customer sees."},
		{Name: "result", Type: json.RawMessage(`["list",["map","string"]]`), Doc: `The findings of an ORDER_VALIDATION: a list of { field, title, description, level }. The level ERROR stops the checkout; WARN and INFO don't.`},
	}}
}

func configSchema() router.Schema {
	text, texts := json.RawMessage(`"string"`), json.RawMessage(`["list","string"]`)
	return router.Schema{
		Attrs: []router.Attr{
			{Name: "public_url", Type: text, Doc: "The address that the marketplace calls, where it is not the daemon's own public_url."},
			{Name: "marketplaces", Type: texts, Required: true, Doc: "The base addresses of the marketplaces whose events are fetched."},
			{Name: "aliases", Type: json.RawMessage(`["map","string"]`), Doc: "Other base addresses of marketplaces, each with the one of marketplaces that it stands for. Events may be fetched there, or name it as theirs."},
			{Name: "private_marketplaces", Type: texts, Doc: "The marketplaces whose names may lead to private addresses. One that is itself an address, or localhost, need not be listed."},
			{Name: "event_parameters", Type: texts, Default: json.RawMessage(`["url","eventUrl"]`), Doc: "The query parameters that may hold the event's address."},
			{Name: "token_parameters", Type: texts, Default: json.RawMessage(`["token"]`), Doc: "The query parameters that may hold the event's token alone. One that comes with an address must be of the same event."},
			{Name: "token_base", Type: text, Doc: "The marketplace whose events are meant by notifications that hold only a token."},
			{Name: "reply_within", Type: text, Default: json.RawMessage(`"4s"`), Doc: "How long an answer may take before it becomes a callback. The marketplace gives up after 5s."},
			{Name: "timestamp_window", Type: text, Default: json.RawMessage(`"5m"`), Doc: "How far a signature's time may lie from now."},
			{Name: "refuse_with", Type: text, Default: json.RawMessage(`"401"`), Doc: `How wrong credentials are answered: "401", or "result" for a 200 with the code UNAUTHORIZED.`},
			{Name: "allow_dummy", Type: json.RawMessage(`"bool"`), Default: json.RawMessage(`false`), Doc: "Whether ping tests signed with AppDirect's published test key are answered."},
			{Name: "interactive", Type: json.RawMessage(`"bool"`), Default: json.RawMessage(`false`), Doc: "Whether customers' browsers may be sent here, signed in the query. They are shown a page while their request is processed, and sent back with the result. AppDirect discourages interactive endpoints: carts and add-ons can't use them, and the result depends on a browser that stays; products of today answer later instead. Shared credentials only."},
			{Name: "max_event_size", Type: json.RawMessage(`"number"`), Default: json.RawMessage(`1048576`), Doc: "The largest event that is read, in bytes."},
		},
		Blocks: append(credentialBlocks(), validationSchema()),
	}
}
