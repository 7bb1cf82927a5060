// Package crm is the bundled plugin that keeps companies and contacts in
// HubSpot up to date, over the public v3 objects API.
//
// Both actions are HubSpot's own upserts by a property with unique values, one
// request each: a company by the configured account_property, a contact by its
// e-mail address. An upsert needs no idempotency key; a repeat writes the same
// values again. (A company's domain can't serve: HubSpot does not hold it
// unique, and its search runs seconds behind its writes.)
//
// A DEVELOPMENT event stays out of the live account. With test_access_token it
// is played out in that account; without, nothing is called and the ids are
// made up ("dev_…").
//
// Start at [New]; hubspot.go says what HubSpot's answers come to.
package crm
