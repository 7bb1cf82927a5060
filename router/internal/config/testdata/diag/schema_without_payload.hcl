source "hook" "h" {
  path = "/h"
  schema {
    on      = ["a"]
  }
}
