plugin "own" {
  use = "billing"
  config {
    secret_key = env("STRIPE_KEY")
    prices = {
      pro  = "price_1"
      free = ""
    }
    limits {
      per_second = 1000
    }
  }
}

route "x" {
  from = [source.signalbox]
  on   = ["event.held"]
  deliver "cancel" {
    to   = plugin.own.cancel_subscription
    with = { customer_id = "c" }
  }
}
