route "all" {
  from = [source.appdirect.acme]
  final = true
}

route "orders" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_ORDER"]
}
