route "x" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_ORDER"]
  codes = { exists = "USER_EXISTS" }
}
