source "subscriptionbridge" "shop" {
  path     = "/${credential("stored")}"
  username = "u"
  password = credential("stored")
}
