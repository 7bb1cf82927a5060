source "market" "m" { path = "/market" }

route "x" {
  from = [source.market.m]
  on   = ["ORDER"]
  deliver "company" {
    to   = plugin.crm.upsert_company
    with = { name = event.payload.company.name }
  }
}
