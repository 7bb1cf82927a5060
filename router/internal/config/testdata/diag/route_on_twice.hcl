route "x" {
  from = [source.appdirect.acme, source.appdirect.acme]
  on   = ["SUBSCRIPTION_CHANGE", "SUBSCRIPTION_CANCEL", "SUBSCRIPTION_CHANGE"]
}
