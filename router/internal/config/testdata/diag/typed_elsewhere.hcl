source "market" "m" { path = "/market" }

route "payload" {
  from = [source.market.m]
  on   = ["ORDER"]
  when = event.payload.creator.email == "a@b.example"
}

route "neither" {
  from = [source.market.m]
  on   = ["ORDER"]
  when = event.order.edition == "PRO"
}

route "list" {
  from = [source.market.m]
  on   = ["ORDER"]
  when = event.payload.order.items.unit == "USER"
}
