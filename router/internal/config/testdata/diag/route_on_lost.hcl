source "hook" "shop" {
  path = "/shop"
  schema {
    on      = ["shop.order.paid"]
    payload = object({ order = object({ total = nmber }) })
  }
  schema {
    on      = ["shop.order.refunded"]
    payload = object({ order = object({ id = string, coupon = optional(string) }) })
  }
}

route "text" {
  from = [source.hook.shop]
  on   = "shop.order.paid"
  when = event.payload.order.coupon != "X"
}

route "lost" {
  from = [source.hook.shop]
  on   = ["shop.order.paid"]
  when = event.payload.order.total > 5
}
