source "market" "m" { path = "/market" }

route "greater" {
  from = [source.market.m]
  on   = ["ORDER"]
  when = event.payload.order.seats > 10
  final = true
}

route "alone" {
  from = [source.market.m]
  on   = ["ORDER"]
  when = event.payload.order.trial
  final = true
}

route "called" {
  from = [source.market.m]
  on   = ["ORDER"]
  when = upper(event.payload.order.discount) == "FREE"
  final = true
}
