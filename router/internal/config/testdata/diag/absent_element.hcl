source "market" "m" { path = "/market" }

route "x" {
  from = [source.market.m]
  on   = ["ORDER"]
  when = event.payload.order.items != null && event.payload.order.items[0].note != "x"
  final = true
}
