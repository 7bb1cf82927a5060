# Dunning: a store's clock sends SubscriptionBridge EventRequests, and a webhook
# of the vendor's own does the rest. Its JSON answer can refuse: a 4xx with
# {"code": "…", "public_message": "…"} becomes the store's Error.

source "subscriptionbridge" "shop" {
  path     = "/subscriptionbridge"
  username = "shop-api"
  password = credential("shop_password")
  api_key  = credential("shop_api_key")
  unrouted = "accept" # the other actions are no concern of ours
}

plugin "dunning" {
  use = "webhook"
  config {
    url    = "https://dunning.gizmo.example/hooks/signalbox"
    secret = credential("dunning_secret")
  }
}

route "balance due" {
  from = [source.subscriptionbridge.shop]
  on   = ["Balance_Due", "Balance_Due_Final"]

  deliver "notify" {
    to   = plugin.dunning.post
    with = { data = { subscription = event.payload.guid, last_notice = event.action.final } }
  }
}
