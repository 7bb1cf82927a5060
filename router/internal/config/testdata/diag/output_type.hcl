route "x" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_ORDER"]
  deliver "customer" {
    to   = plugin.billing.create_subscription
    with = { email = "a@example.com", price = "p" }
  }
  deliver "mail" {
    to   = plugin.email.send
    with = { template = "t", to = ["a@example.com"], data = deliver.customer.customer_id.first }
  }
}
