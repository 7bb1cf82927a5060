route "x" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_ORDER"]
  deliver "customer" {
    to   = plugin.billing.create_subscription
    with = { email = "a@example.com", price = "p" }
  }
  deliver "company" {
    to   = plugin.crm.upsert_company
    with = { name = jsonencode(deliver) }
  }
}
