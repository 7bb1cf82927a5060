route "x" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_CHANGE"]
  when = event.payload.vip == true || (lower(event.payload.plan) == "pro" && event.flag == "DEVELOPMENT" && lower(event.payload.plan) != "pro")
}
