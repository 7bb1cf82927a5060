// Package sandbox plays a customer's whole life on one machine: the daemon with
// its real journal and real plugin processes, between a simulated marketplace
// and stand-ins for Stripe, HubSpot and a mail server. A newcomer sees every
// step; nothing needs an account, and nothing leaves the machine.
//
// Start with sandbox.go; show.go is what it prints.
package sandbox
