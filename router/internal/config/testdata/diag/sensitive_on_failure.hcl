plugin "safe" { use = "safe" }

route "bind" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_CHANGE"]
  deliver "token" { to = plugin.safe.issue }
  on_failure {
    deliver "mail" {
      to   = plugin.email.send
      with = { template = jsonencode(try(deliver.token.grants, {})), to = ["a@example.com"] }
    }
  }
}
