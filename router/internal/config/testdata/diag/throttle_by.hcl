route "tell" {
  from = [source.signalbox]
  on   = ["delivery.failed"]
  throttle {
    by    = "always the same"
    every = "15 minutes"
  }
}
