source "hook" "h" {
  path = "/h"
  schema {
    payload = object({ id = string })
  }
  schema {
    payload = object({ id = number })
  }
}
