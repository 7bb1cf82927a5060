source "subscriptionbridge" "shop" {
  path     = "/shop"
  username = "u"
  password = { a = "hunter2-literal" }
}
