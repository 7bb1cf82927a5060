source "hook" "h" {
  path = "/h"
  schema {
    on      = []
    payload = object({ id = string })
  }
}
