source "market" "m" { path = "/market" }

route "unequal" {
  from = [source.market.m]
  on   = ["ORDER"]
  when = event.payload.order.discount != "FREE"
  final = true
}

route "not equal" {
  from = [source.market.m]
  on   = ["ORDER"]
  when = event.flag == "" && !(event.payload.order.discount == "FREE")
  final = true
}

route "not contained" {
  from = [source.market.m]
  on   = ["ORDER"]
  when = !contains(["FREE", "TRIAL"], event.payload.company.name)
  final = true
}
