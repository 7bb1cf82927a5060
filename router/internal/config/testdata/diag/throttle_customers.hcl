route "orders" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_ORDER"]
  throttle {
    every = "15m"
  }
  reply { accountIdentifier = "a" }
}
