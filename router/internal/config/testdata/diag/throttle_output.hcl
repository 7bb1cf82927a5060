route "tell" {
  from = [source.signalbox]
  on   = ["delivery.failed"]
  throttle {
    by    = deliver.mail.id
    every = "15m"
  }
  deliver "mail" {
    to   = plugin.email.send
    with = { template = "failure", to = ["ops@example.com"] }
  }
}
