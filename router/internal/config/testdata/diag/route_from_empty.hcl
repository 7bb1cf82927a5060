route "x" {
  from = []
  on   = ["SUBSCRIPTION_ORDER"]
}
