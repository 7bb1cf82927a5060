source "subscriptionbridge" "shop" {
  path     = "/"
  username = "shop-api"
  password = credential("stored")
}
