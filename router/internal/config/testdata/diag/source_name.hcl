source "subscriptionbridge" "my shop" {
  path     = "/shop"
  username = "u"
  password = credential("stored")
}
