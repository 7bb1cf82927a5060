route "order" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_ORDER"]
  deliver "customer" {
    to      = plugin.billing.cancel_subscription
    with    = { customer_id = "c" }
    timeout = "2m"
    retry {
      within = "1m"
    }
  }
  reply { accountIdentifier = "a" }
}
