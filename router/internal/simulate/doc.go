// Package simulate is a marketplace that runs on your machine, with small
// stand-ins for the systems behind a vendor: what `signalbox simulate` and
// `signalbox sandbox` are made of, and the counterpart of end-to-end tests.
//
// It is for showing and testing a whole journey without an account anywhere.
// It is not a test double of any part of the router: it speaks to the daemon
// only as its real counterparts do, over HTTP and SMTP. It keeps everything in
// memory, bounded, and listens on loopback addresses only.
//
//   - Marketplace is AppDirect's side: it notifies with shared or separate
//     credentials, serves each event to whoever has the product's, and takes the
//     result, at once or later. It can send a user's browser instead (Browse), and
//     the settings form of a checkout (Validate).
//   - Customer makes up the events of one customer's life, and carries into the
//     later ones what the vendor answered to the earlier.
//   - Store is SubscriptionBridge's side: a shop's client that sends EventRequests.
//   - Stripe and HubSpot answer the calls that the bundled plugins make, and
//     remember what they were told. They are faithful where a plugin depends on
//     it (idempotency keys, errors, upserts) and absent everywhere else.
//   - Mailbox takes e-mail over SMTP and keeps it to be looked at.
//
// Start reading at Marketplace.Send.
package simulate
