source "subscriptionbridge" "shop" {
  path     = "/shop"
  username = "u"
  password = credental("stored")
}
