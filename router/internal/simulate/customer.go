package simulate

import (
	"encoding/binary"
	"math/rand/v2"
	"strings"

	"github.com/google/uuid"
)

// DefaultAccount is the account identifier of a customer whose ORDER no vendor
// has answered yet.
const DefaultAccount = "simulated-account"

// Customer is a company that buys, and its people. It makes up the events of
// its own life, always the same for the same seed, and carries what the vendor
// answered (account, add-on and binding identifiers) into the later ones.
type Customer struct {
	Company Company
	// Buyer acts in the marketplace; User is given a seat.
	Buyer, User Person
	// Account is the vendor's identifier of the subscription.
	Account string
	// Instance and Binding are the vendor's identifiers of an add-on and of its
	// binding to an application.
	Instance, Binding string
	// AddonAccount is the vendor's identifier of an add-on product's own
	// subscription.
	AddonAccount string

	// What the latest event left behind.
	edition string
	seats   int
	status  string
}

// Company is what a marketplace says of a buyer's company.
type Company struct{ UUID, Name, Email, Phone, Website, Country string }

// Person is a user of the marketplace.
type Person struct{ UUID, Email, First, Last, Language, Locale string }

// NewCustomer makes up a customer; equal seeds make equal ones.
func NewCustomer(seed uint64) *Customer {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	dice := rand.NewChaCha8(key)
	pick := func(words ...string) string { return words[dice.Uint64()%uint64(len(words))] }

	name := pick("Blue Heron", "Copper Kettle", "Lantern", "Northgate", "Paper Boat", "Quiet Harbour") +
		" " + pick("Bakery", "Cycles", "Instruments", "Logistics", "Press", "Studio")
	domain := strings.ToLower(strings.ReplaceAll(name, " ", "-")) + ".example"
	person := func(first, last string) Person {
		return Person{
			UUID: newUUID(dice), First: first, Last: last, Language: "en", Locale: "en-US",
			Email: strings.ToLower(first) + "@" + domain,
		}
	}
	return &Customer{
		Company: Company{
			UUID: newUUID(dice), Name: name, Email: "office@" + domain, Phone: "+1 415 555 0123",
			Website: "https://www." + domain, Country: pick("CA", "DE", "GB", "US"),
		},
		Buyer:    person(pick("Ada", "Bruno", "Carla", "Diego"), pick("Almeida", "Berg", "Castell", "Dube")),
		User:     person(pick("Edith", "Farid", "Greta", "Hugo"), pick("Ekman", "Fontaine", "Grau", "Hale")),
		Account:  DefaultAccount,
		Instance: "simulated-addon",
		Binding:  "simulated-binding",

		AddonAccount: "simulated-addon-account",
		edition:      "BASIC", seats: 10, status: "ACTIVE",
	}
}

// newUUID takes the 16 bytes of a random UUID from dice, which never fails.
func newUUID(dice *rand.ChaCha8) string {
	return uuid.Must(uuid.NewRandomFromReader(dice)).String()
}

// Life is what happens to a customer who stays until it cancels, in order.
// Each is a step for Customer.Event.
func Life() []string {
	return []string{
		"SUBSCRIPTION_ORDER",
		"USER_ASSIGNMENT",
		"SUBSCRIPTION_CHANGE",
		"ADDON_ORDER",
		"ADDON_CHANGE",
		"ADDON_BIND",
		"USER_UPDATED",
		"SUBSCRIPTION_NOTICE/UPCOMING_INVOICE",
		"SUBSCRIPTION_NOTICE/DEACTIVATED",
		"SUBSCRIPTION_NOTICE/REACTIVATED",
		"ADDON_UNBIND",
		"ADDON_CANCEL",
		"USER_UNASSIGNMENT",
		"SUBSCRIPTION_CANCEL",
	}
}

// UnpaidLife is what happens to a customer who never pays: the marketplace
// closes the subscription by itself, and no SUBSCRIPTION_CANCEL comes.
// (AppDirect documentation, 'Subscription notice', CLOSED.)
func UnpaidLife() []string {
	return []string{
		"SUBSCRIPTION_ORDER",
		"SUBSCRIPTION_NOTICE/DEACTIVATED",
		"SUBSCRIPTION_NOTICE/CLOSED",
	}
}

// Learn takes over the identifiers that the vendor answered an event with.
func (c *Customer) Learn(e Event, r Result) {
	if !r.Success {
		return
	}
	switch {
	case e.Type == "SUBSCRIPTION_ORDER" && r.AccountIdentifier != "" && e.isAddon():
		c.AddonAccount = r.AccountIdentifier
	case e.Type == "SUBSCRIPTION_ORDER" && r.AccountIdentifier != "":
		c.Account = r.AccountIdentifier
	case e.Type == "ADDON_ORDER" && r.ID != "":
		c.Instance = r.ID
	case e.Type == "ADDON_BIND" && r.ID != "":
		c.Binding = r.ID
	}
}
