source "subscriptionbridge" "shop" {
  path     = "/shop"
  usrname  = "u"
  username = "u"
  password = credential("stored")
}
