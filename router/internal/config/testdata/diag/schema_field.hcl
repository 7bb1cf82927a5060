source "hook" "h" {
  path = "/h"
  schema {
    on      = ["deal.won", "deal.lost"]
    payload = object({ deal = object({ id = string, amount = number, note = optional(string) }) })
  }
}

route "spelling" {
  from  = [source.hook.h]
  on    = ["deal.won"]
  final = true
  when  = event.payload.deal.amuont > 100
}

route "absent" {
  from  = [source.hook.h]
  on    = ["deal.won"]
  final = true
  when  = event.payload.deal.note != "test"
}

route "not declared" {
  from  = [source.hook.h]
  on    = ["deal.moved"]
  final = true
  when  = event.payload.deal.amuont > 100
}
