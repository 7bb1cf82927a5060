route "tell" {
  from = [source.signalbox]
  on   = ["delivery.failed"]
  throttle {
    by = event.payload.plugin
  }
}
