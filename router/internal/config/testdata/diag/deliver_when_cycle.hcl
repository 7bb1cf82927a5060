
route "x" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_CHANGE"]
  deliver "a" {
    to   = plugin.crm.upsert_company
    with = { name = "a" }
    when = deliver.b.company_id != ""
  }
  deliver "b" {
    to   = plugin.crm.upsert_company
    with = { name = deliver.a.company_id }
  }
}
