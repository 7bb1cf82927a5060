source "market" "m" { path = "/market" }

route "cancelled" {
  from = [source.market.m]
  on   = ["CANCEL"]
  when = event.payload.order.edition == "PRO"
  final = true
}
