route "a/b" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_ORDER"]
}
