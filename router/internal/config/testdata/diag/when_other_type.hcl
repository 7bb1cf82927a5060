route "x" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_CHANGE", "SUBSCRIPTION_CANCEL"]
  when = event.payload.plan == "pro" && event.type == "SUBSCRIPTION_CANCELL"
}
