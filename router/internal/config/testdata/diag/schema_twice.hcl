source "hook" "h" {
  path = "/h"
  schema {
    on      = ["deal.won"]
    payload = object({ id = string })
  }
  schema {
    on      = ["deal.lost", "deal.won"]
    payload = object({ id = number })
  }
}
