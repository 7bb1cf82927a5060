plugin "safe" { use = "safe" }

route "bind" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_CHANGE"]
  deliver "token" { to = plugin.safe.issue }
  deliver "company" {
    to   = plugin.crm.upsert_company
    with = { name = "n", billing_id = deliver.token.token }
  }
  deliver "pin" {
    to   = plugin.safe.issue
    with = { account = "key ${deliver.token.token}", pin = deliver.token.token }
  }
}
