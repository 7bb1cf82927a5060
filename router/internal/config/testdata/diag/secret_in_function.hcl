source "subscriptionbridge" "shop" {
  path     = "/shop"
  username = tostring(parseint(substr(credential("stored"), 0, 9), 10))
  password = credential("stored")
}
