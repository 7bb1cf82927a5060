package subscriptionbridge

import (
	"fmt"
	"slices"

	"github.com/signalbox/signalbox/router"
)

// compat is what answers hold beyond the protocol's pages. The zero value is
// what the pages have.
//
// EventRequest's page has Status alone, and was never edited again; a week
// after its last edit, on 2010-01-13, Status became Ack on the pages of its
// siblings, NotificationRequest among them, and Ack is what every known client
// reads (SubscriptionBridge wiki, "EventRequest" and the revisions of
// "NotificationRequest"). So each answer has the one its own page ended with,
// and the other on request. Packages stands in EventRequest's table as "always"
// and not in its example: the sentence is GetPackagesResponse's word for word,
// most likely a leftover; it is left out unless asked for, and then empty.
type compat struct {
	Ack      bool   `json:"ack"`
	Status   bool   `json:"status"`
	Packages string `json:"packages"`
	Error    string `json:"error"`
}

const (
	packagesNone  = "none"
	packagesEmpty = "empty"

	errorNested = "nested"
	errorRoot   = "root"
)

func compatSchema() router.Schema {
	return router.Schema{Attrs: []router.Attr{
		{Name: "ack", Type: boolean(),
			Doc: "Puts Ack beside Status into an EventResponse, and into a GetTimeResponse: the ASP and Magento clients read nothing else."},
		{Name: "status", Type: boolean(),
			Doc: "Puts Status beside Ack into a NotificationResponse, as its page had it until 2010."},
		{Name: "packages", Type: text(), Default: quoted(packagesNone),
			Doc: `"empty" puts an empty Packages into an EventResponse, which its page's table lists as always there; "none" leaves it out, as its example does.`},
		{Name: "error", Type: text(), Default: quoted(errorNested),
			Doc: `Where a refusal's Error stands: "nested" in the response, or "root", as the whole document, for the Magento client, which reads ErrorDetail directly under the root.`},
	}}
}

func (c compat) check() error {
	for _, word := range []struct {
		attr, given string
		known       []string
	}{
		{"packages", c.Packages, []string{packagesNone, packagesEmpty}},
		{"error", c.Error, []string{errorNested, errorRoot}},
	} {
		if word.given != "" && !slices.Contains(word.known, word.given) {
			return fmt.Errorf("%s can't be %q: it is one of %q", word.attr, word.given, word.known)
		}
	}
	return nil
}
