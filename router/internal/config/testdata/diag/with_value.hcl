plugin "safe" { use = "safe" }

route "x" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_CANCEL"]
  deliver "card" {
    to   = plugin.safe.issue
    with = { kind = "plastik" }
  }
  deliver "second" {
    to   = plugin.safe.issue
    with = { kind = event.payload.kind }
  }
}
