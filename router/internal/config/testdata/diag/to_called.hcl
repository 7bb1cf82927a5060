route "x" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_CHANGE"]
  deliver "mail" {
    to = plugin.email.send()
  }
}
