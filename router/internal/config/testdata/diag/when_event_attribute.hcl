route "x" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_ORDER"]
  when = event.paylod.order.editionCode != "FREE"
}
