source "market" "m" { path = "/market" }

route "x" {
  from = [source.market.m]
  on   = ["ORDER"]
  when = event.payload.order.discount == "FREE" ? false : true
  deliver "bill" {
    to = plugin.billing.create_subscription
    with = {
      email = "a@b.example"
      price = event.payload.company.country == "US" || event.payload.order.edition == "PRO" ? "price_0" : "price_100"
    }
  }
  deliver "quiet" {
    to = plugin.email.send
    with = {
      template = "t"
      to       = event.payload.order.discount == "VIP" ? ["vip@b.example"] : []
      data = [
        event.payload.order.discount == "VIP" ? "very" : null,
        event.payload.order.discount == "VIP" ? true : false,
        "Dear%{ if event.payload.order.discount == "VIP" } friend%{ endif }",
        event.payload.order.discount != null && event.payload.order.discount == "VIP" ? 1 : 2,
        event.payload.order.discount == null || event.payload.order.discount == "VIP" ? 1 : 2,
        coalesce(event.payload.order.discount, "none") == "VIP" ? 1 : 2,
      ]
    }
  }
}
