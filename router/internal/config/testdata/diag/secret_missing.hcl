source "subscriptionbridge" "shop" {
  path     = "/shop"
  username = env("NO_SUCH")
  password = credential("stord")
}
