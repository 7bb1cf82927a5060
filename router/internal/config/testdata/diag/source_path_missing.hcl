source "subscriptionbridge" "shop" {
  username = "u"
  password = credential("stored")
}
