route "x" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_CANCEL"]
  deliver "mail" {
    to   = plugin.email.send
    with = { template = template("Dear $${nam}", { name = "x" }), to = ["a@b.example"] }
  }
  deliver "second" {
    to   = plugin.email.send
    with = { template = template("Dear $${company}", {}), to = ["a@b.example"] }
  }
}
