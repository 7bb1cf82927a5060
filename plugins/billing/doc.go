// Package billing is the bundled plugin that bills by Stripe: it creates,
// changes and cancels subscriptions.
//
// It keeps nothing: what an order made is found again by the Stripe customer's
// id, which an order's route hands the marketplace as its account identifier.
// Every POST has an idempotency key of its own, derived from the delivery's,
// and create_subscription looks first for what an earlier attempt of the same
// delivery has made (by the metadata signalbox_delivery). So a repeat makes
// nothing twice, whether its key is old or new.
//
// A DEVELOPMENT event bills nobody. With test_secret_key it is played out in
// that Stripe test account; without, nothing is called and the answer is made
// up (customer ids that begin with "dev_", status "not_billed"), so that a
// marketplace's own test of the integration passes.
//
// Start at [New]; stripe.go says what Stripe's errors come to.
package billing
