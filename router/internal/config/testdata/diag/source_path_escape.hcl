source "subscriptionbridge" "shop" {
  path     = "/app%64irect/acme"
  username = "shop-api"
  password = credential("stored")
}
