route "first" {
  from  = [source.appdirect.acme, source.signalbox]
  on    = ["SUBSCRIPTION_CHANGE", "SUBSCRIPTION_CANCEL", "event.held"]
  final = true
}

route "changes" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_CHANGE"]
}

route "both" {
  from = [source.appdirect.acme, source.signalbox]
  on   = ["event.held"]
}
