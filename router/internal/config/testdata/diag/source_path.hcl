source "subscriptionbridge" "shop" {
  path     = "shop/"
  username = "u"
  password = credential("stored")
}
