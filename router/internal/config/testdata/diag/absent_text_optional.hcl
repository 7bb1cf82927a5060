source "market" "m" { path = "/market" }

route "x" {
  from = [source.market.m]
  on   = ["ORDER"]
  deliver "company" {
    to       = plugin.crm.upsert_company
    optional = true
    with     = { name = event.payload.company.name, billing_id = "b-${event.payload.order.discount}" }
  }
  on_failure {
    deliver "mail" {
      to   = plugin.email.send
      with = { template = "failure", to = [lower(event.attributes.creator.name)] }
    }
  }
}
