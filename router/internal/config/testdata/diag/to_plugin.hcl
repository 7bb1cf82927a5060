route "x" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_ORDER"]
  deliver "customer" {
    to   = plugin.biling.create_subscription
    with = { email = "a@example.com", price = "p" }
  }
}
