source "market" "m" { path = "/market" }

route "x" {
  from = [source.market.m]
  on   = ["ORDER"]
  deliver "mail" {
    to = plugin.email.send
    with = {
      template = event.payload.order.discount != "FREE" ? "paid" : "free"
      to       = ["a@b.example"]
      data     = event.payload.company != null ? (event.payload.company.country != "US" ? "far" : "near") : "nowhere"
    }
  }
}
