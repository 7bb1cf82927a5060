source "market" "m" { path = "/market" }

route "x" {
  from = [source.market.m]
  on   = ["ORDER"]
  when = event.flag == "DEVELOPMNT" || event.flag != ""
  deliver "mail" {
    to = plugin.email.send
    with = {
      template = "order"
      to       = ["a@b.example"]
      data = {
        units  = [for i in event.payload.order.items : i.unt if i.quantity > 0]
        notes  = [for i in event.payload.order.items : try(i.remark, "")]
        shadow = [for i in event.payload.order.items : [for i in ["a"] : i.x]]
      }
    }
  }
}
