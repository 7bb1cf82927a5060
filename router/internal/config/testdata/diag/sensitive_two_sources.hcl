plugin "safe" { use = "safe" }

source "subscriptionbridge" "shop" {
  path     = "/shop"
  username = "u"
  password = credential("stored")
}

route "bind" {
  from = [source.appdirect.acme, source.subscriptionbridge.shop]
  on   = ["SUBSCRIPTION_CHANGE"]
  deliver "token" { to = plugin.safe.issue }
  reply { metadata = deliver.token.grants }
}
