
route "x" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_CHANGE"]
  deliver "mail" {
    to   = plugin.email.send
    with = { template = "x", to = [deliver.note.company_id] }
  }
  on_failure {
    deliver "note" {
      to   = plugin.crm.upsert_company
      with = { name = failure.message }
    }
  }
}
