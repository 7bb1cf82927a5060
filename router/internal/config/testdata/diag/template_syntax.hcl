route "tell" {
  from = [source.signalbox]
  on   = ["delivery.failed"]
  deliver "mail" {
    to   = plugin.email.send
    with = { to = ["a@example.com"], template = template("Hello $${name", { name = "Ann" }) }
  }
}
