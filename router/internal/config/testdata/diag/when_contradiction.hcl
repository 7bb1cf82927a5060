route "x" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_CHANGE"]
  when = event.payload.order.editionCode == "PRO" && event.payload.order.editionCode == "TEAM"
}
