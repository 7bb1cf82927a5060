route "x" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_CHANGE"]
  when = event.payload.order.editionCode != "FREE" || event.payload.order.editionCode != "TRIAL"
}
