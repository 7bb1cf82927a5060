source "subscriptionbridge" "shop" {
  path     = "/appdirect"
  username = "u"
  password = credential("stored")
}
