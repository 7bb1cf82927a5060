route "editions" {
  from     = [source.appdirect.acme]
  on       = ["USER_ASSIGNMENT"]
  for_each = { PRO = "30s", FREE = "never", TRIAL = "never" }

  deliver "note" {
    to      = plugin.crm.upsert_company
    timeout = each.value
    with    = { name = each.key }
  }
}
