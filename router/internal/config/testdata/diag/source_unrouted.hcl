source "subscriptionbridge" "shop" {
  path     = "/shop"
  unrouted = "acept"
  username = "u"
  password = credential("stored")
}
