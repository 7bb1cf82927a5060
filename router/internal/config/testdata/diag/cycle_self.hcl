route "x" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_ORDER"]
  deliver "customer" {
    to   = plugin.billing.create_subscription
    with = { email = deliver.customer.customer_id, price = "p" }
  }
}
