variable "password" { default = "none" }

source "subscriptionbridge" "shop" {
  path     = "/shop"
  username = "shop"
  password = var.password
}
