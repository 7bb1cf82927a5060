route "x" {
  from = [source.signalbox]
  on   = ["event.held"]
  reply {
    message = "done"
  }
}
