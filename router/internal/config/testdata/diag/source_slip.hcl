source "hok" "shop" { path = "/shop" }

source "hok" "shop2" {
  path = "/shop"
}

route "x" {
  from = [source.hook.shop]
  on   = ["order.paid"]
  when = event.payload.total > 5
  reply { message = "Thank you." }
}
