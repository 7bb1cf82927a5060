package appdirect

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/signalbox/signalbox/router"
)

// What events look like to routes: eventShape, which is how documents are read,
// and beside it which members of the payload an event type has, and what of them
// is in every event.

// described is what is documented of some event types (AppDirect documentation,
// "Integration events", the page of each type; the ADDON_ types as recorded from a
// live marketplace, since they have no page any more).
type described struct {
	on []string
	// payload are the members that the payload may have.
	payload []string
	// always are the paths in the payload that no such event lacks where what is
	// above them is there. It is a guess for those that the documentation lists
	// without a word on it; all recorded events have them.
	always []string
	// creator: the event has somebody who caused it. SUBSCRIPTION_NOTICE and
	// USER_UPDATED were recorded without.
	creator bool
}

func describedTypes() []described {
	account := []string{"account", "account.accountIdentifier", "account.status", "configuration"}
	order := []string{"order", "order.editionCode", "order.pricingDuration", "order.items.unit", "order.items.quantity", "configuration"}
	user := []string{"user", "user.uuid", "user.email"}
	addonOrder := []string{"order", "order.addonOfferingCode", "order.items.unit", "order.items.quantity"}
	instance := []string{"addonInstance", "addonInstance.id"}
	return []described{
		// An order has an account only if it is of an add-on product (AppDirect's
		// service-integration-sdk), and then no identifier of it yet.
		{on: []string{typeSubscriptionOrder}, creator: true, payload: []string{"company", "account", "order", "configuration"},
			always: slices.Concat(order, []string{"company", "company.uuid", "company.name", "account.status"})},
		{on: []string{"SUBSCRIPTION_CHANGE"}, creator: true, payload: []string{"account", "order", "configuration"}, always: slices.Concat(account, order)},
		{on: []string{"SUBSCRIPTION_CANCEL"}, creator: true, payload: []string{"account", "configuration"}, always: account},
		{on: []string{typeSubscriptionNotice}, payload: []string{"account", "notice", "configuration"},
			always: slices.Concat(account, []string{"notice", "notice.type"})},
		{on: []string{typeUserAssignment, "USER_UNASSIGNMENT"}, creator: true, payload: []string{"user", "account", "configuration"},
			always: slices.Concat(user, account[:3])},
		{on: []string{"USER_UPDATED"}, payload: []string{"user", "account", "configuration"}, always: slices.Concat(user, account)},
		{on: []string{typeAddonOrder}, creator: true, payload: []string{"account", "order", "configuration"},
			always: slices.Concat(account, addonOrder)},
		{on: []string{"ADDON_CHANGE"}, creator: true, payload: []string{"account", "addonInstance", "order", "configuration"},
			always: slices.Concat(account[:3], addonOrder, instance)},
		// An ADDON_UNBIND was recorded without the binding's id.
		{on: []string{typeAddonBind, "ADDON_UNBIND", "ADDON_CANCEL"}, creator: true, payload: []string{"account", "addonInstance", "addonBinding", "configuration"},
			always: slices.Concat(account[:3], instance)},
		// Nobody documents these any more: AppDirect's own sample of 2010 has them.
		{on: []string{"USER_SYNC", "USER_LINK", "ACCOUNT_SYNC", "ACCOUNT_UNSYNC"}, payload: []string{"company", "user", "account", "configuration"}},
	}
}

// shapes are those of all known types.
func shapes() []router.Shape {
	out := []router.Shape{{
		On:         []string{typeOrderValidation},
		Payload:    json.RawMessage(`["object",{"fields":"dynamic"}]`),
		Attributes: json.RawMessage(`["object",{}]`),
	}}
	envelope := members(&eventShape, "marketplace", "applicationUuid", "creator", "returnUrl", "links")
	for _, d := range describedTypes() {
		always := []string{"marketplace", "marketplace.partner", "marketplace.baseUrl", "creator.uuid", "creator.email", "links.rel", "links.href"}
		if d.creator {
			always = append(always, "creator")
		}
		out = append(out, router.Shape{
			On:         d.on,
			Payload:    json.RawMessage(typeOf(members(&eventShape.field("payload").shape, d.payload...), "", d.always)),
			Attributes: json.RawMessage(typeOf(envelope, "", always)),
		})
	}
	return out
}

// members is an object's shape with only these of its members.
func members(s *shape, names ...string) *shape {
	out := &shape{form: formObject}
	for _, f := range s.fields {
		if slices.Contains(names, f.name) {
			out.fields = append(out.fields, f)
		}
	}
	return out
}

// typeOf writes the shape at a path as router.Shape has it. Elements of a list
// have the list's path.
func typeOf(s *shape, path string, always []string) string {
	switch s.form {
	case formText:
		return `"string"`
	case formNumber:
		return `"number"`
	case formBool:
		return `"bool"`
	case formList:
		return `["list",` + typeOf(s.elem, path, always) + `]`
	case formObject:
		var types, optional []string
		for i := range s.fields {
			f := &s.fields[i]
			below := strings.TrimPrefix(path+"."+f.name, ".")
			typ := `"dynamic"`
			// Vendors give these the names that they like: they are open, as maps are.
			if f.name != "customAttributes" {
				typ = typeOf(&f.shape, below, always)
			}
			types = append(types, strconv.Quote(f.name)+":"+typ)
			if !slices.Contains(always, below) {
				optional = append(optional, strconv.Quote(f.name))
			}
		}
		text := `["object",{` + strings.Join(types, ",") + `}`
		if len(optional) > 0 {
			text += `,[` + strings.Join(optional, ",") + `]`
		}
		return text + `]`
	}
	return `"dynamic"`
}
