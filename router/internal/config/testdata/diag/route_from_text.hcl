route "x" {
  from = ["appdirect.acme"]
  on   = ["SUBSCRIPTION_ORDER"]
}
