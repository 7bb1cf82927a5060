route "x" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_CHANGE"]
  deliver {
    to   = plugin.email.send
    with = { template = "t", to = ["a@example.com"] }
  }
}
