source "market" "m" { path = "/market" }

route "list" {
  from = [source.market.m]
  on   = ["ORDER"]
  when = event.payload.order.items + 1 > 2
  final = true
}

route "text" {
  from = [source.market.m]
  on   = ["ORDER"]
  when = event.payload.order.edition.code == "PRO"
  final = true
}

route "object" {
  from = [source.market.m]
  on   = ["ORDER"]
  when = event.payload.order > 1
  final = true
}

route "input" {
  from = [source.market.m]
  on   = ["ORDER"]
  deliver "mail" {
    to   = plugin.email.send
    with = { template = event.payload.order.items, to = ["a@b.example"] }
  }
}
