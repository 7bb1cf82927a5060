plugin "safe" { use = "safe" }

route "bind" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_CHANGE"]
  deliver "token" { to = plugin.safe.issue }
  deliver "mail" {
    to   = plugin.email.send
    with = { template = "welcome", to = ["a@example.com"], data = { all = deliver.token, safe = deliver.token.account } }
  }
}
