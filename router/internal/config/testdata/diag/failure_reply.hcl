
route "x" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_CHANGE"]
  on_failure {
    deliver "note" {
      to   = plugin.crm.upsert_company
      with = { name = failure.message }
    }
  }
  reply { accountIdentifier = deliver.note.company_id }
}
