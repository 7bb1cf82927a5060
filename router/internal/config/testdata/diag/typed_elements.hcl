source "market" "m" { path = "/market" }

route "index" {
  from = [source.market.m]
  on   = ["ORDER"]
  when = event.payload.order.items[0].unti == "USER"
  final = true
}

route "splat" {
  from = [source.market.m]
  on   = ["ORDER"]
  when = contains(event.payload.order.items[*].unti, "USER")
  final = true
}
