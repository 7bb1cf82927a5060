package appdirect

import "strings"

// form is what a documented value is, whichever way a document writes it.
type form int

const (
	formAny    form = iota // not documented: kept as it came
	formText               // a string
	formNumber             // a number, if it is one
	formBool               // true or false, if it is one
	formMap                // free names, each with a text
	formObject             // documented names, and whatever else came
	formList               // of elem; none is the same as absent
)

// shape says what AppDirect documents of a value.
type shape struct {
	form   form
	elem   *shape
	fields []field
	// byName finds fields by name or other name, as documented and in lower
	// case: some pages of the documentation print XML names so.
	byName map[string]int
}

// field finds the documented member that a name, in any case, stands for, or
// nil.
func (s *shape) field(name string) *field {
	i, known := s.byName[name]
	if !known {
		if i, known = s.byName[strings.ToLower(name)]; !known {
			return nil
		}
	}
	return &s.fields[i]
}

// field is a documented member of an object.
type field struct {
	name string
	// also is the other name that a list goes by: what its element is called.
	also string
	shape
}

func text(names ...string) []field {
	fields := make([]field, len(names))
	for i, n := range names {
		fields[i] = field{name: n, shape: shape{form: formText}}
	}
	return fields
}

func one(name string, s shape) []field { return []field{{name: name, shape: s}} }

func list(name, also string, elem shape) []field {
	return []field{{name: name, also: also, shape: shape{form: formList, elem: &elem}}}
}

func object(groups ...[]field) shape {
	s := shape{form: formObject, byName: map[string]int{}}
	for _, g := range groups {
		for _, f := range g {
			for _, name := range []string{f.name, f.also} {
				if name != "" {
					s.byName[name], s.byName[strings.ToLower(name)] = len(s.fields), len(s.fields)
				}
			}
			s.fields = append(s.fields, f)
		}
	}
	return s
}

// eventShape is the event document (AppDirect documentation, "Integration
// events", event attributes). The order of fields is that of the XML form.
var eventShape = func() shape {
	number, yesNo, answers := shape{form: formNumber}, shape{form: formBool}, shape{form: formMap}
	address := object(text("salutation", "firstName", "lastName", "fullName", "companyName", "phone", "phoneExtension",
		"fax", "faxExtension", "street1", "street2", "city", "state", "zip", "country", "pobox", "pozip"))
	user := object(text("uuid", "openId", "email", "firstName", "lastName", "language", "locale"),
		one("address", address), one("attributes", answers))
	item := object(text("unit"), one("quantity", number))
	order := object(text("editionCode", "addonOfferingCode", "pricingDuration"),
		list("items", "item", item),
		list("customAttributes", "customAttribute", object(text("attributeType", "name", "value"))),
		text("discountCode"),
		one("freeTrial", object(one("active", yesNo))),
		one("maxUsers", number))
	payload := object(
		one("user", user),
		one("company", object(text("uuid", "externalId", "name", "email", "phoneNumber", "website", "country"))),
		one("account", object(text("accountIdentifier", "status", "parentAccountIdentifier"))),
		one("addonInstance", object(text("id"))),
		one("addonBinding", object(text("id"))),
		one("order", order),
		one("notice", object(text("type", "message"))),
		one("configuration", answers))
	return object(text("type"),
		one("marketplace", object(text("partner", "baseUrl"))),
		text("applicationUuid", "flag"),
		one("creator", user),
		one("payload", payload),
		text("returnUrl"),
		list("links", "link", object(text("rel", "href"))))
}()

// resultShape is the result document (AppDirect documentation, "Integration
// events", notification URLs).
var resultShape = object(
	one("success", shape{form: formBool}),
	text("accountIdentifier", "userIdentifier", "id", "errorCode", "message"),
	one("metadata", shape{form: formMap}))
