
route "x" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_CHANGE"]
  on_failure {
    delivr "note" {}
  }
}
