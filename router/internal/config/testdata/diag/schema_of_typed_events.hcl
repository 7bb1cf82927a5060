source "market" "m" {
  path = "/market"
  schema {
    on      = ["ORDER"]
    payload = object({ id = string })
  }
}
