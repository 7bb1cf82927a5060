source "hook" "shop" {
  path = "/shop"
  schema {
    on      = ["shop.order.paid", "shop.order.refunded"]
    payload = object({ order = object({ id = string, total = number, coupon = optional(string) }) })
  }
}

route "typo" {
  from = [source.hook.shop]
  on   = ["shop.order.payd", "shop.order.refunded"]
  when = event.payload.order.total > 100
}

route "another" {
  from = [source.hook.shop]
  on   = ["stock.low"]
}
