route "x" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_CHANGE"]
  when = event.source == "appdirect.local" || event.payload.plan == "pro"
}
