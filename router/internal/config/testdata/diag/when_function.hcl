route "x" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_ORDER"]
  when = uper(event.payload.order.editionCode) == "FREE"
}
