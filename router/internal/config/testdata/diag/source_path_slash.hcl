source "subscriptionbridge" "shop" {
  path     = "/appdirect/acme/"
  username = "shop-api"
  password = credential("stored")
}
