
route "x" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_CHANGE"]
  deliver "bill" {
    to   = plugin.billing.create_subscription
    with = { email = "a@example.com", price = "p" }
    when = event.payload.order.editionCode != "FREE"
  }
  reply { accountIdentifier = deliver.bill.customer_id }
}
