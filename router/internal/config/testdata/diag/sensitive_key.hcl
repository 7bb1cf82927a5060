plugin "safe" { use = "safe" }

route "bind" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_CHANGE"]
  deliver "token" { to = plugin.safe.issue }
  deliver "pin" {
    to   = plugin.safe.issue
    with = { (deliver.token.token) = "a" }
  }
}
