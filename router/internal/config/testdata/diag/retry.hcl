route "x" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_ORDER"]
  deliver "customer" {
    to   = plugin.billing.create_subscription
    with = { email = "a@example.com", price = "p" }
    timeout = "10 s"
    retry {
      attempts = 0
      initial  = "1h"
      max      = "1m"
      tries    = 3
    }
  }
}
