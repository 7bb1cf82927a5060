source "market" "m" { path = "/market" }

route "x" {
  from = [source.market.m]
  on   = ["ORDER"]
  deliver "mail" {
    to   = plugin.email.send
    when = event.payload.order.discount != "FREE"
    with = { template = "t", to = ["a@b.example"] }
  }
  deliver "many" {
    to   = plugin.email.send
    when = event.payload.order.seats >= 10
    with = { template = "t", to = ["a@b.example"] }
  }
}
