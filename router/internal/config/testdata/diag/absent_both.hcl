source "market" "m" { path = "/market" }

route "equal" {
  from = [source.market.m]
  on   = ["ORDER"]
  when = event.payload.order.discount == event.payload.company.country
  final = true
}

route "one of them" {
  from = [source.market.m]
  on   = ["ORDER"]
  when = event.payload.order.edition != event.payload.order.discount
  final = true
}
