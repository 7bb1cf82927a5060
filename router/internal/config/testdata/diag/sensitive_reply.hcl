plugin "safe" { use = "safe" }

route "bind" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_CHANGE"]
  deliver "token" { to = plugin.safe.issue }
  reply {
    message  = try(deliver.token.grants["user"], "none")
    metadata = deliver.token.grants
  }
}
