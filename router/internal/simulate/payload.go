package simulate

import "strings"

// object is a JSON object being made up.
type object = map[string]any

// addonVariant is what stands behind the slash of a SUBSCRIPTION_ORDER or
// SUBSCRIPTION_CANCEL of an add-on product: an ordinary event, but for the
// account's parent.
const addonVariant = "ADDON"

// Event makes up the event of one step: a type, or SUBSCRIPTION_NOTICE with the
// notice's own type behind a slash (DEACTIVATED where none is given), or
// SUBSCRIPTION_ORDER/ADDON and SUBSCRIPTION_CANCEL/ADDON. A type
// that AppDirect does not document gets a payload with the account, the company
// and a user, so that a route for it has something to look at. What an event
// changes, the seats or the account's status, shows in the later ones.
func (c *Customer) Event(step string) Event {
	kind, variant, _ := strings.Cut(step, "/")
	e := Event{Type: kind, Payload: object{}, Attributes: object{}}
	if kind != "SUBSCRIPTION_NOTICE" && kind != "USER_UPDATED" {
		e.Attributes["creator"] = c.Buyer.object() // those two come without one
	}
	if payload, known := c.payloads()[kind]; known {
		e.Payload = payload(variant)
	} else {
		e.Payload = object{"account": c.account(), "company": c.Company.object(), "user": c.User.object()}
	}
	if variant == addonVariant {
		e.Payload["account"] = c.addonAccount(kind)
	}
	return e
}

// payloads says what each documented type carries. (AppDirect documentation,
// 'Integration events', the page of each type.)
func (c *Customer) payloads() map[string]func(notice string) object {
	return map[string]func(string) object{
		"SUBSCRIPTION_ORDER": func(string) object {
			return object{"company": c.Company.object(), "order": c.order(), "configuration": c.configuration()}
		},
		"SUBSCRIPTION_CHANGE": func(string) object {
			c.edition, c.seats = "PREMIUM", 2*c.seats
			return object{"account": c.account(), "order": c.order(), "configuration": c.configuration()}
		},
		"SUBSCRIPTION_CANCEL": func(string) object {
			return object{"account": c.account(), "configuration": c.configuration()}
		},
		"SUBSCRIPTION_NOTICE": c.notice,
		"USER_ASSIGNMENT": func(string) object {
			user := c.User.object()
			user["attributes"] = object{"appAdmin": "false", "timezone": "Europe/Berlin"}
			return object{"account": c.account(), "user": user, "configuration": c.configuration()}
		},
		"USER_UNASSIGNMENT": func(string) object {
			return object{"account": c.account(), "user": c.User.object()}
		},
		"USER_UPDATED": func(string) object {
			user := c.User.object()
			user["address"] = object{
				"fullName": c.User.First + " " + c.User.Last, "firstName": c.User.First, "lastName": c.User.Last,
				"companyName": c.Company.Name, "street1": "12 Market Street", "city": "Springfield", "zip": "01103",
				"country": c.Company.Country,
			}
			return object{"account": c.account(), "user": user, "configuration": c.configuration()}
		},
		// The legacy linking of what a vendor already has to the marketplace.
		"ACCOUNT_SYNC":   func(string) object { return object{"company": c.Company.object()} },
		"ACCOUNT_UNSYNC": func(string) object { return object{"account": c.account()} },
		"USER_SYNC":      func(string) object { return object{"account": c.account(), "user": c.User.object()} },
		"USER_LINK":      func(string) object { return object{"account": c.account(), "user": c.User.object()} },
		"ADDON_ORDER": func(string) object {
			return object{"account": c.account(), "order": addonOrder(1), "configuration": object{"name": "archive"}}
		},
		"ADDON_CHANGE": func(string) object {
			return object{"account": c.account(), "addonInstance": object{"id": c.Instance}, "order": addonOrder(5)}
		},
		"ADDON_BIND": func(string) object {
			return object{"account": c.account(), "addonInstance": object{"id": c.Instance}}
		},
		"ADDON_UNBIND": func(string) object {
			return object{
				"account": c.account(), "addonInstance": object{"id": c.Instance}, "addonBinding": object{"id": c.Binding},
			}
		},
		"ADDON_CANCEL": func(string) object {
			return object{"account": c.account(), "addonInstance": object{"id": c.Instance}}
		},
	}
}

// notice carries the account's new status with it.
func (c *Customer) notice(kind string) object {
	switch kind {
	case "":
		kind, c.status = "DEACTIVATED", "SUSPENDED"
	case "DEACTIVATED":
		c.status = "SUSPENDED"
	case "CLOSED":
		c.status = "CANCELLED"
	case "REACTIVATED":
		c.status = "ACTIVE"
	}
	return object{"account": c.account(), "notice": object{"type": kind}, "configuration": c.configuration()}
}

func (c *Customer) account() object {
	return object{"accountIdentifier": c.Account, "status": c.status}
}

// addonAccount is the account of an add-on product: a subscription of its own
// below the main one, whose identifier the vendor gives it at the order.
// (AppDirect's own SDK; the help pages do not show it.)
func (c *Customer) addonAccount(kind string) object {
	account := object{"parentAccountIdentifier": c.Account, "status": "ACTIVE", "accountIdentifier": c.AddonAccount}
	if kind == "SUBSCRIPTION_ORDER" {
		account["status"] = "INITIALIZED"
		delete(account, "accountIdentifier")
	}
	return account
}

func (c *Customer) order() object {
	return object{
		"editionCode": c.edition, "pricingDuration": "MONTHLY",
		"items": []any{object{"unit": "USER", "quantity": c.seats}},
	}
}

func addonOrder(quantity int) object {
	return object{
		"addonOfferingCode": "archive:signalbox:standard", "pricingDuration": "MONTHLY",
		"items": []any{object{"unit": "UNIT", "quantity": quantity}},
	}
}

func (c *Customer) configuration() object {
	return object{"domain": strings.TrimPrefix(c.Company.Website, "https://www.")}
}

func (c Company) object() object {
	return object{
		"uuid": c.UUID, "name": c.Name, "email": c.Email, "phoneNumber": c.Phone, "website": c.Website,
		"country": c.Country,
	}
}

func (p Person) object() object {
	return object{
		"uuid": p.UUID, "email": p.Email, "firstName": p.First, "lastName": p.Last, "language": p.Language,
		"locale": p.Locale,
	}
}
