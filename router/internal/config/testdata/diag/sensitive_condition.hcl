plugin "safe" { use = "safe" }

route "bind" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_CHANGE"]
  deliver "token" { to = plugin.safe.issue }
  deliver "company" {
    to   = plugin.crm.upsert_company
    when = deliver.token.token != null
    with = { name = "n" }
  }
}
