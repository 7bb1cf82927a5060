// Package outbound is how the bundled plugins call other people's HTTP APIs:
// one client whose waits and buffers have ends, and one reading of what a
// status, a Retry-After header and a broken connection mean for a delivery.
//
// It knows no API: what a rejection is called is the plugin's own affair.
// Start at [Client] and [Lost].
package outbound
