route "x" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_ORDER"]
  deliver "customer" {
    to   = plugin.billing.create_subscription
    with = { email = "a@example.com", price = "p" }
  }
  reply {
    metadata = deliver.customer.customer_id
  }
}
