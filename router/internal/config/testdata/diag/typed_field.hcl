source "market" "m" { path = "/market" }

route "spelling" {
  from = [source.market.m]
  on   = ["ORDER", "CHANGE"]
  when = event.payload.order.editon == "PRO"
  final = true
}

route "document" {
  from = [source.market.m]
  on   = ["ORDER"]
  when = event.payload.ordr == null
  final = true
}

route "attributes" {
  from = [source.market.m]
  on   = ["CANCEL"]
  when = event.attributes.creator.mail == "a@b.example"
  final = true
}

route "quotes" {
  from = [source.market.m]
  on   = ["ORDER"]
  when = event.payload["order"]["editon"] == "PRO"
  final = true
}
