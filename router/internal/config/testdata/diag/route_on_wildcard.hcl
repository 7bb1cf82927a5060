route "all orders" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_*"]
}

route "all" {
  from = [source.appdirect.acme]
  on   = ["*"]
}
