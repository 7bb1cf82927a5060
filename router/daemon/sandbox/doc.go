// Package sandbox plays a customer's whole life on one machine: the daemon with
// its real journal and real plugin processes, between a simulated marketplace
// and stand-ins for Stripe, HubSpot and a mail server. Then it has things go
// wrong: a stuck lane, a dead plugin, a delivery that fails for good. A newcomer
// sees every step; nothing needs an account, and nothing leaves the machine.
//
// Start with play.go, which says what happens in order; acts.go is what goes
// wrong, sandbox.go what runs during the show, show.go what it prints.
package sandbox
