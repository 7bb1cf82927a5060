route "x" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_CHANGE"]
  on   = ["SUBSCRIPTION_CANCEL"]
}
