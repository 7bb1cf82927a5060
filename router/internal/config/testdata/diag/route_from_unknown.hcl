route "x" {
  from = [source.appdirect.acmee]
  on   = ["SUBSCRIPTION_ORDER"]
}
