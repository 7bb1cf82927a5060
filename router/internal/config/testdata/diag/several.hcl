route "x" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_ODER"]
  when = true
  deliver "customer" {
    to   = plugin.billing.create_subscription
    with = { emai = "a@example.com" }
  }
  reply {
    id = deliver.customer.custmer_id
  }
}
