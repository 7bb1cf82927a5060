webhooks = "on"

source "subscriptionbridge" "shop" {
  path     = "/shop"
  username = "u"
  password = credential("stored")
  url      = "https://shop.example"
  unruted  = "accept"
}

plugin "own" {
  use = "billing"
  config {
    secret_key = credential("stored")
    url        = "x"
    limits {
      per_second = 1
      burst      = 2
    }
    smtp {
    }
  }
}

route "x" {
  from    = [source.appdirect.acme]
  on      = ["SUBSCRIPTION_NOTICE"]
  deliver = "mail"
  url     = "x"
  delivr "mail" {
  }
}
