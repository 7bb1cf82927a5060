route "orders" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_ORDER"]
  final = true
}

route "changes" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_CHANGE"]
  final = true
}

route "both" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_ORDER", "SUBSCRIPTION_CHANGE"]
}
