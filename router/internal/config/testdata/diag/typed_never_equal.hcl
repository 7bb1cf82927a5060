source "market" "m" { path = "/market" }

route "number" {
  from = [source.market.m]
  on   = ["ORDER"]
  when = event.payload.order.seats == "12"
  final = true
}

route "text" {
  from = [source.market.m]
  on   = ["ORDER"]
  when = event.payload.order.edition != 7
  final = true
}

route "boolean" {
  from = [source.market.m]
  on   = ["ORDER"]
  when = event.payload.order.trial == "true"
  final = true
}
