source "hook" "h" {
  path = "/h"
  schema {
    on      = ["a"]
    payload = object({ id = text })
  }
  schema {
    on      = ["b"]
    payload = { id = string }
  }
  schema {
    on      = ["c"]
    payload = object({ id = optional(string, "x") })
  }
  schema {
    on      = ["d"]
    payload = "string"
  }
}
