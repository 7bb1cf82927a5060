plugin "ops" "webhook" { use = "crm" }

source "shop" { path = "/shop" }

route "x" {
  from = [source.hook.shop]
  on   = ["order.paid"]
  deliver "post" {
    to   = plugin.ops.upsert_company
    with = { name = event.payload.name }
  }
}
