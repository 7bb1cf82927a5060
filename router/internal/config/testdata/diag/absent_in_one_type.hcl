source "market" "m" { path = "/market" }

route "two types" {
  from = [source.market.m]
  on   = ["ORDER", "CANCEL"]
  when = event.payload.order.edition != "FREE"
  final = true
}

route "every type" {
  from = [source.market.m]
  when = event.payload.order.edition != "FREE"
  final = true
}
